/** What a reader likes, kept in their browser. */
import { useLocalStorage } from "@mantine/hooks";
import { useEffect } from "react";

export type Density = "compact" | "comfortable";

/** Rows close together, or with room between them. */
export function useDensity(): readonly [Density, (density: Density) => void] {
  const [density, setDensity] = useLocalStorage<Density>({
    key: "mailroom.density",
    defaultValue: "compact",
    getInitialValueInEffect: false,
  });
  useEffect(() => {
    document.documentElement.dataset["density"] = density;
  }, [density]);
  return [density, setDensity];
}

/** Shortcuts of one key can be turned off (WCAG 2.2, 2.1.4). */
export const useSingleKeys = (): readonly [boolean, (on: boolean) => void] => {
  const [on, setOn] = useLocalStorage({ key: "mailroom.keys", defaultValue: true, getInitialValueInEffect: false });
  return [on, setOn];
};
