/** Joins questions that are asked at the same time, so that many dialogues cost the database few statements. */

/** Keys in one statement at most. */
const BATCH = 1000;
/** Statements at once; while these run, further questions gather. */
const AT_ONCE = 4;

type Question<Answer> = {
  readonly keys: readonly string[];
  readonly answer: (answer: Answer) => void;
  readonly fail: (error: unknown) => void;
};

/**
 * A function that asks `ask` for the keys of all questions of one turn of the event loop together. It resolves to the answers to its own
 * keys, in pieces. A question never joins a statement that was sent before it, whose answer may be older than the question.
 */
export function batched<Answer>(
  ask: (keys: readonly string[]) => Promise<Answer>,
): (keys: readonly string[]) => Promise<readonly Answer[]> {
  const waiting: Question<Answer>[] = [];
  let running = 0;
  let scheduled = false;

  const send = async (questions: readonly Question<Answer>[]): Promise<void> => {
    running++;
    try {
      const answer = await ask([...new Set(questions.flatMap((question) => question.keys))]);
      for (const question of questions) question.answer(answer);
    } catch (error) {
      for (const question of questions) question.fail(error);
    } finally {
      running--;
      schedule();
    }
  };

  const keysOf = (position: number): number => waiting[position]?.keys.length ?? 0;

  const sendAll = (): void => {
    scheduled = false;
    while (running < AT_ONCE && waiting.length > 0) {
      let taken = 1;
      for (let size = keysOf(0); taken < waiting.length && size + keysOf(taken) <= BATCH; taken++) size += keysOf(taken);
      void send(waiting.splice(0, taken));
    }
  };

  const schedule = (): void => {
    if (scheduled || waiting.length === 0) return;
    scheduled = true;
    setImmediate(sendAll); // after the sockets that are readable now have been read
  };

  return (keys) => {
    const pieces: Promise<Answer>[] = [];
    for (let from = 0; from < keys.length; from += BATCH) {
      pieces.push(new Promise((answer, fail) => waiting.push({ keys: keys.slice(from, from + BATCH), answer, fail })));
    }
    schedule();
    return Promise.all(pieces);
  };
}
