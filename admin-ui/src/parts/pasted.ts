/** Addresses as people paste them: by line, comma, semicolon or blank; each once. */
export const pasted = (text: string): string[] => [...new Set(text.split(/[\s,;]+/).filter((part) => part !== ""))];
