/**
 * Every limit of this stage with its default. Named as the settings are, times in milliseconds, sizes in octets; each says what stands
 * beyond it. What a stranger can make grow has a limit here, and time is limited in total, not only between two octets.
 */
export type Limits = {
  /** A message (RFC 1870 §6.1): 552 5.3.4 at its end, or to SIZE= at MAIL. */
  readonly size: number;
  /** How far beyond `size` is read, so that the client hears its 552 at the end; there reading stops: 552 5.3.4 and the end. */
  readonly sizeOverrun: number;
  /** Forward-paths of a transaction (RFC 5321 §4.5.3.1.8: at least 100): 452 4.5.3, and those accepted stay (§4.5.3.1.10). */
  readonly recipients: number;
  /** Final recipients of a message, over all its forward-paths: 452 4.5.3. */
  readonly messageRecipients: number;
  /** The header section: 552 5.3.4. */
  readonly headerSize: number;
  /** A line of content without its CRLF (RFC 5321 §4.5.3.1.6: at least 998): 554 5.6.0. */
  readonly lineLength: number;
  /** Received fields, which every pass through a server adds (RFC 5321 §6.3): 554 5.4.6. */
  readonly receivedFields: number;
  /** Connections of this worker: 421 4.3.2. */
  readonly connections: number;
  /** The part of them, 0 to 1, kept for loopback, trusted networks and our own next hops. */
  readonly reservedConnections: number;
  /** Connections of one address (IPv6: of one /64); loopback and trusted networks count in the total only: 421 4.7.0. */
  readonly connectionsPerClient: number;
  /** From the greeting to an accepted MAIL: 421 4.4.2. */
  readonly firstMailTimeout: number;
  /** Between two commands (RFC 5321 §4.5.3.2.7: at least 5 minutes): 421 4.4.2. */
  readonly commandTimeout: number;
  /** From 354 to the final dot: 421 4.4.2. */
  readonly dataTimeout: number;
  /** Octets per second on average, once DATA has lasted for `dataRateGrace`: 421 4.4.2. */
  readonly dataRate: number;
  readonly dataRateGrace: number;
  /** A command line with its CRLF (RFC 5321 §4.5.3.1.4: at least 512): 500 5.5.2. */
  readonly commandLength: number;
  /** Commands of one connection answered 5yz: 421 4.7.0. From half of them on each such reply comes after `refusalDelay`. */
  readonly refusedCommands: number;
  readonly refusalDelay: number;
  /** NOOP, RSET, VRFY, HELP, HELO and EHLO since the last accepted message: 421 4.7.0. */
  readonly idleCommands: number;
  /** Lines ended by bare LF, or holding bare CR or NUL, and lines too long. The one that makes the number full closes. */
  readonly badLines: number;
  readonly longLines: number;
  /** How long RCPT waits for the directory: 451 4.3.0. */
  readonly lookupTimeout: number;
  /** How long content waits for room in the queue: 451 4.3.0 at its end. */
  readonly intakeTimeout: number;
  /** How long DATA may go on when the server stops: 421 4.3.2. */
  readonly drainTimeout: number;
  /** How often the deadlines are looked at. */
  readonly sweepInterval: number;
};

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const KIB = 1024;
const MIB = 1024 * KIB;

export const defaultLimits: Limits = {
  size: 50 * MIB,
  sizeOverrun: MIB,
  recipients: 1000,
  messageRecipients: 100_000,
  headerSize: 256 * KIB,
  lineLength: 32 * KIB,
  receivedFields: 50,
  connections: 2000,
  reservedConnections: 0.2,
  connectionsPerClient: 20,
  firstMailTimeout: 60 * SECOND,
  commandTimeout: 5 * MINUTE,
  dataTimeout: 30 * MINUTE,
  dataRate: 500,
  dataRateGrace: 30 * SECOND,
  commandLength: 2048,
  refusedCommands: 20,
  refusalDelay: SECOND,
  idleCommands: 100,
  badLines: 2,
  longLines: 3,
  lookupTimeout: 5 * SECOND,
  intakeTimeout: MINUTE,
  drainTimeout: 30 * SECOND,
  sweepInterval: SECOND,
};
