import { useT } from "../../i18n/i18n.tsx";
import type { Key } from "../../i18n/messages.ts";

/** A scope in words; one that has none yet, as it is. */
export function useScopeText(): (scope: string) => string {
  const t = useT();
  return (scope) => {
    const text = t(`access.scope.${scope}` as Key);
    return text.startsWith("access.scope.") ? scope : text;
  };
}
