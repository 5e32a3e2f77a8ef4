/** Texts of the panel in the reader's language: ICU messages (formatjs), English in the first load, others when they are asked for. */
import { IntlMessageFormat } from "intl-messageformat";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { en } from "./en.ts";
import type { Key, Messages } from "./messages.ts";

export type Values = Readonly<Record<string, string | number | Date>>;
/** A text by its key. */
export type Translate = (key: Key, values?: Values) => string;

/** In their own words. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const load: Readonly<Record<Language, () => Promise<Messages>>> = {
  en: async () => en,
  de: async () => (await import("./de.ts")).de,
};

type State = { readonly language: Language; readonly t: Translate; readonly setLanguage: (language: Language) => void };
const Context = createContext<State | null>(null);

const STORED = "mailroom.language";

const isLanguage = (text: string | null | undefined): text is Language => text != null && text in LANGUAGES;

function preferred(): Language {
  const stored = localStorage.getItem(STORED);
  if (isLanguage(stored)) return stored;
  return navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? "en";
}

export function I18n({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState(preferred);
  const [messages, setMessages] = useState<Messages | null>(() => (preferred() === "en" ? en : null));
  useEffect(() => {
    let wanted = true;
    void load[language]().then((loaded) => {
      if (wanted) setMessages(loaded);
    });
    document.documentElement.lang = language;
    return () => {
      wanted = false;
    };
  }, [language]);
  const state = useMemo(
    () => ({
      language,
      t: translator(language, messages ?? en),
      setLanguage: (chosen: Language) => {
        localStorage.setItem(STORED, chosen);
        setLanguage(chosen);
      },
    }),
    [language, messages],
  );
  return messages === null ? null : <Context value={state}>{children}</Context>;
}

function translator(language: Language, messages: Messages): Translate {
  const formats = new Map<Key, IntlMessageFormat>();
  return (key, values) => {
    let format = formats.get(key);
    if (format === undefined) {
      format = new IntlMessageFormat(messages[key] ?? key, language, undefined, { ignoreTag: true });
      formats.set(key, format);
    }
    return String(format.format(values));
  };
}

export function useI18n(): State {
  const state = useContext(Context);
  if (state === null) throw new Error("no texts here");
  return state;
}

export const useT = (): Translate => useI18n().t;
