/** Progress on stderr: a bar that is drawn over on a terminal, else one plain line for each 10 % (which screen readers and logs like). */

/** Hears a share between 0 and 1 and what is being done. `end` clears the bar. */
export type ProgressView = { readonly at: (share: number, doing: string) => void; readonly end: () => void };

const WIDTH = 30;
/** The bar is drawn this often at most, in ms. */
const EVERY = 100;

/** `now` in ms; `write` gets text for stderr. */
export function progressView(
  onTerminal: boolean,
  write: (text: string) => void,
  now: () => number = performance.now.bind(performance),
): ProgressView {
  return onTerminal ? bar(write, now) : lines(write);
}

function bar(write: (text: string) => void, now: () => number): ProgressView {
  const start = now();
  let drawn = Number.NEGATIVE_INFINITY;
  return {
    at: (share, doing) => {
      if (share < 1 && now() - drawn < EVERY) return;
      drawn = now();
      const full = Math.round(share * WIDTH);
      const left = share > 0.02 ? `, ${Math.ceil(((now() - start) / 1000) * (1 / share - 1))} s left` : "";
      write(`\r\u001b[K${"█".repeat(full)}${"░".repeat(WIDTH - full)} ${Math.floor(share * 100)} % ${doing}${left}`);
    },
    end: () => {
      if (drawn > Number.NEGATIVE_INFINITY) write("\r\u001b[K");
    },
  };
}

function lines(write: (text: string) => void): ProgressView {
  let said = 0;
  return {
    at: (share, doing) => {
      const tenth = Math.floor(share * 10);
      if (tenth <= said) return;
      said = tenth;
      write(`${tenth * 10} % ${doing}\n`);
    },
    end: () => {},
  };
}
