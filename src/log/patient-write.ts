/** How long a reader of our log that does not keep up is waited for; what is left then is lost, and the mail goes on. */
const PATIENCE_MS = 2000;
const NAP_MS = 5;
const NAP = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes whole texts to a pipe that may be full (EAGAIN): a reader that is slow for a moment must neither end this process nor lose a line.
 * One that has stopped is waited for once; until it reads again what does not fit is lost, and the line that was cut is ended.
 * `write`: as writeSync, returns how many octets were taken.
 */
export function patientWrite(write: (octets: Buffer) => number, patienceMs = PATIENCE_MS): (text: string) => void {
  let hasStopped = false;
  let isCut = false;
  return (text) => {
    const until = performance.now() + (hasStopped ? 0 : patienceMs);
    let rest = Buffer.from(isCut ? `\n${text}` : text, "utf8");
    const whole = rest.length;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(write(rest));
        isCut = false;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
        hasStopped = performance.now() >= until;
        isCut ||= hasStopped && rest.length < whole;
        if (hasStopped) return;
        Atomics.wait(NAP, 0, 0, NAP_MS);
      }
    }
    hasStopped = false;
  };
}
