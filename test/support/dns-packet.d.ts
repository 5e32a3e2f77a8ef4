declare module "dns-packet" {
  type Answer =
    | { type: "A" | "AAAA" | "CNAME" | "TXT" | "PTR"; name: string; ttl: number; data: string }
    | { type: "MX"; name: string; ttl: number; data: { preference: number; exchange: string } };
  type Packet = {
    type: "query" | "response";
    id: number;
    flags: number;
    questions: readonly { name: string; type: string }[];
    answers: readonly Answer[];
  };
  export function decode(octets: Buffer): Packet;
  export function encode(packet: Packet): Buffer;
  export function streamEncode(packet: Packet): Buffer;
}
