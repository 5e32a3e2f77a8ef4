/** Types of settings that are counts, times and amounts, and choices of words. */
import { quoted } from "../fault.ts";
import { listOf, type SettingType, scalar, Wrong } from "../setting.ts";

const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type TimeUnit = keyof typeof MILLISECONDS;
const OCTETS = { B: 1, kB: 1000, MB: 1000 ** 2, GB: 1000 ** 3, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;
type SizeUnit = keyof typeof OCTETS;

/** A time in milliseconds, from `from` to `to`: "500ms", "30s", "5m", "2h", "4d". */
export function duration(from: string, to: string): SettingType<number> {
  const [least, most] = [millisecondsOf(from), millisecondsOf(to)];
  return scalar(
    `duration, ${from} to ${to}`,
    (text) => {
      const value = millisecondsOf(text);
      if (Number.isNaN(value))
        return new Wrong(`${quoted(text)} is not a duration`, 'write a whole number and ms, s, m, h or d, as in "30s" or "4d"');
      if (value < least || value > most) return new Wrong(`${quoted(text)} is out of range`, `write ${from} to ${to}`);
      return value;
    },
    durationText,
  );
}

/** Times in milliseconds, at least one. */
export const durations = (from: string, to: string): SettingType<readonly number[]> =>
  listOf(duration(from, to), `list of durations, each ${from} to ${to}`, (values) =>
    values.length === 0 ? new Wrong("is empty", 'write at least one duration, as in "1m,5m,15m"') : null,
  );

function millisecondsOf(text: string): number {
  const parts = /^([0-9]{1,9}) ?(ms|s|m|h|d)$/.exec(text);
  return parts ? Number(parts[1]) * MILLISECONDS[parts[2] as TimeUnit] : Number.NaN;
}

function durationText(value: number): string {
  const unit = (["d", "h", "m", "s"] as const).find((u) => value !== 0 && value % MILLISECONDS[u] === 0) ?? "ms";
  return `${value / MILLISECONDS[unit]}${unit}`;
}

/** An amount in octets, from `from` to `to`: "50 MiB", "10MB", "65536". */
export function size(from: string, to: string): SettingType<number> {
  const [least, most] = [octetsOf(from), octetsOf(to)];
  return scalar(
    `size, ${from} to ${to}`,
    (text) => {
      const value = octetsOf(text);
      if (Number.isNaN(value))
        return new Wrong(`${quoted(text)} is not a size`, 'write a whole number and B, KiB, MiB or GiB (or kB, MB, GB), as in "50 MiB"');
      if (value < least || value > most) return new Wrong(`${quoted(text)} is out of range`, `write ${from} to ${to}`);
      return value;
    },
    sizeText,
  );
}

function octetsOf(text: string): number {
  const parts = /^([0-9]{1,12}) ?(B|kB|MB|GB|KiB|MiB|GiB|)$/.exec(text);
  return parts ? Number(parts[1]) * OCTETS[(parts[2] || "B") as SizeUnit] : Number.NaN;
}

function sizeText(value: number): string {
  const unit = (["GiB", "MiB", "KiB", "GB", "MB", "kB"] as const).find((u) => value !== 0 && value % OCTETS[u] === 0) ?? "B";
  return `${value / OCTETS[unit]} ${unit}`;
}

/** A whole number from `least` to `most`. */
export const integer = (least: number, most: number): SettingType<number> =>
  scalar(
    `number, ${least} to ${most}`,
    (text) => {
      if (!/^[0-9]{1,15}$/.test(text)) return new Wrong(`${quoted(text)} is not a whole number`, `write ${least} to ${most}`);
      const value = Number(text);
      return value < least || value > most ? new Wrong(`${quoted(text)} is out of range`, `write ${least} to ${most}`) : value;
    },
    String,
  );

/** Words of a person's own choosing, in lower case: affiliations and the like. */
export const words: SettingType<readonly string[]> = listOf(
  scalar(
    "word",
    (text) =>
      /^[a-z][a-z0-9_-]{0,63}$/.test(text) ? text : new Wrong(`${quoted(text)} is not a word`, "write letters a-z, digits, - and _ only"),
    (word) => word,
  ),
  "words",
);

/** A part of the whole, as a fraction: "25%" is 0.25. */
export const share = (least: number, most: number): SettingType<number> =>
  scalar(
    `share, ${least}% to ${most}%`,
    (text) => {
      const percent = /^([0-9]{1,3}) ?%$/.exec(text);
      if (!percent) return new Wrong(`${quoted(text)} is not a share`, 'write a whole number and %, as in "25%"');
      const value = Number(percent[1]);
      return value < least || value > most ? new Wrong(`${quoted(text)} is out of range`, `write ${least}% to ${most}%`) : value / 100;
    },
    (value) => `${Math.round(value * 100)}%`,
  );

/** One of a few words. */
export const oneOf = <W extends string>(...words: readonly W[]): SettingType<W> =>
  scalar(
    words.join(", "),
    (text) => words.find((word) => word === text) ?? new Wrong(`${quoted(text)} is not known here`, `write one of ${words.join(", ")}`),
    (word) => word,
  );

/** Some of a few words, each once. */
export const someOf = <W extends string>(...words: readonly W[]): SettingType<readonly W[]> =>
  listOf(oneOf(...words), `some of ${words.join(", ")}`, (chosen) => {
    if (chosen.length === 0) return new Wrong("is empty", `write some of ${words.join(",")}`);
    const twice = chosen.find((word, i) => chosen.indexOf(word) !== i);
    return twice === undefined ? null : new Wrong(`names ${quoted(twice)} twice`, "name each once");
  });
