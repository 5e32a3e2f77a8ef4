import { TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";

/** Nobody types for so long: then it is asked. */
const SETTLED_MS = 250;

/** A search field that asks as soon as nobody types any more. `/` leads to it. */
export function SearchText({
  label,
  placeholder,
  value,
  ask,
  className,
}: {
  readonly label: string;
  readonly placeholder?: string;
  readonly value: string;
  readonly ask: (text: string) => void;
  readonly className?: string;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => ask(text), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [text, value, ask]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    ask(text);
  };
  return (
    <form onSubmit={submit} role="search" aria-label={label} className={className}>
      <TextInput
        data-page-search
        type="search"
        label={label}
        placeholder={placeholder}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        spellCheck={false}
      />
    </form>
  );
}
