/** `1 member`, `2 members`; `many` where an s will not do. Thousands are set apart, as in 1,204. */
export const counted = (n: number, one: string, many = `${one}s`): string => `${n.toLocaleString("en-US")} ${n === 1 ? one : many}`;
