/** What happens at the server, as it happens: one stream for this window, and asking every ten seconds where there is none. Nothing moves under the pointer. */
import { Button, Group, Text } from "@mantine/core";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { useT } from "../i18n/i18n.tsx";

type LiveEvent = "change" | "queue" | "message";
const EVENTS: readonly LiveEvent[] = ["change", "queue", "message"];
const POLL_MS = 10_000;
/** Of many events in a moment, one look is enough. */
const AT_MOST_EVERY_MS = 1500;

type Listener = (event: LiveEvent) => void;
const listeners = new Set<Listener>();
let source: EventSource | null = null;

const isStreaming = (): boolean => source?.readyState === EventSource.OPEN;

function open(): void {
  if (source !== null && source.readyState !== EventSource.CLOSED) return;
  source = new EventSource("/api/v1/events");
  for (const name of EVENTS)
    source.addEventListener(name, () => {
      for (const listener of listeners) listener(name);
    });
}

function listen(listener: Listener): () => void {
  listeners.add(listener);
  open();
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    source?.close();
    source = null;
  };
}

/** Calls `look` when one of the events comes, and every ten seconds while no stream is open; never while it is paused or nobody sees the page. */
export function useLive(events: readonly LiveEvent[], look: () => void) {
  const [paused, setPaused] = useState(false);
  const latest = useRef(look);
  useEffect(() => {
    latest.current = look;
  });
  const wanted = events.join(" ");
  useEffect(() => {
    if (paused) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        if (!document.hidden) latest.current();
      }, AT_MOST_EVERY_MS);
    };
    const stop = listen((event) => {
      if (wanted.split(" ").includes(event)) soon();
    });
    const poll = setInterval(() => {
      if (isStreaming()) return;
      open();
      soon();
    }, POLL_MS);
    return () => {
      stop();
      clearInterval(poll);
      clearTimeout(timer);
    };
  }, [paused, wanted]);
  return { paused, setPaused };
}

/**
 * Rows as they were first shown: what is known of them is kept up to date in their place, and what came since waits until somebody asks for it.
 * Another `view` shows everything anew.
 */
export function useHeldRows<Row>(rows: readonly Row[] | undefined, keyOf: (row: Row) => string, view: string) {
  const [held, setHeld] = useState<{ readonly view: string; readonly rows: readonly Row[] } | null>(null);
  const show = useCallback(() => setHeld(null), []);
  const current = held !== null && held.view === view ? held.rows : null;
  if (rows !== undefined && current === null && (held === null || held.view !== view)) setHeld({ view, rows });
  const before = current ?? rows ?? [];
  const now = new Map((rows ?? []).map((row) => [keyOf(row), row]));
  const shown = before.map((row) => now.get(keyOf(row)) ?? row);
  const known = new Set(before.map(keyOf));
  const fresh = [...now.keys()].filter((key) => !known.has(key)).length;
  const gone = before.filter((row) => !now.has(keyOf(row))).length;
  return { shown, fresh, gone: rows === undefined ? 0 : gone, show };
}

/** Pause, and the way to what came meanwhile. */
export function LiveBar({
  paused,
  setPaused,
  fresh = 0,
  gone = 0,
  show,
  children,
}: {
  readonly paused: boolean;
  readonly setPaused: (paused: boolean) => void;
  readonly fresh?: number;
  readonly gone?: number;
  readonly show?: () => void;
  readonly children?: ReactNode;
}) {
  const t = useT();
  return (
    <Group gap="xs" justify="space-between">
      <Text size="sm" c="dimmed" component="div">
        {children}
      </Text>
      <Group gap={0}>
        <Button size="xs" variant="default" aria-pressed={paused} onClick={() => setPaused(!paused)}>
          {t(paused ? "live.resume" : "live.pause")}
        </Button>
        <span aria-live="polite">
          {fresh + gone > 0 && show !== undefined && (
            <Button size="xs" variant="light" ml="xs" onClick={show}>
              {fresh > 0 ? t("live.fresh", { count: fresh }) : t("live.gone", { count: gone })}
            </Button>
          )}
        </span>
      </Group>
    </Group>
  );
}
