/** What can be done with waiting mail: counted exactly before it asks, and done for that number or not at all. */
import { Button, Code, Group, Loader, Menu, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiError, api, body, reasonHeader } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { Failure } from "../../parts/failure.tsx";
import { useMay } from "../../shell/session.tsx";

type Verb = "retry" | "hold" | "release" | "return" | "delete";
export type AskedMail = { readonly ids: string[] } | { readonly group: string } | { readonly all: true };

const ends = (verb: Verb): boolean => verb === "return" || verb === "delete";
/** Above so many, the number must be typed before mail is ended. */
const TYPED_ABOVE = 100;

function post(verb: Verb, asked: AskedMail & { readonly expected?: number }, dryRun: boolean, why: string) {
  const request = { json: asked, query: dryRun ? { dry_run: "true" as const } : {} };
  return body(api.queue[verb].$post(request, { headers: reasonHeader(why) }));
}

/** As it would be typed on the server. */
const commandOf = (verb: Verb, asked: AskedMail): string | null =>
  "ids" in asked
    ? `mailroom queue ${verb} ${asked.ids.map((id) => `--id ${id}`).join(" ")}`
    : "all" in asked
      ? `mailroom queue ${verb} --all`
      : null;

export function QueueActions({
  asked,
  what,
  canRelease,
}: {
  readonly asked: AskedMail;
  readonly what: string;
  readonly canRelease: boolean;
}) {
  const t = useT();
  const allowed: Readonly<Record<Verb, boolean>> = {
    retry: useMay("queue.retry"),
    hold: useMay("queue.hold"),
    release: useMay("queue.hold") && canRelease,
    return: useMay("queue.end"),
    delete: useMay("queue.end"),
  };
  const [verb, setVerb] = useState<Verb | null>(null);
  const verbs = (Object.keys(allowed) as Verb[]).filter((each) => allowed[each]);
  if (verbs.length === 0) return null;
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button size="xs" variant="default" aria-label={t("queue.actions.of", { what })}>
            {t("queue.actions")} ▾
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {verbs.map((each) => (
            <Menu.Item key={each} onClick={() => setVerb(each)} title={commandOf(each, asked) ?? undefined}>
              {t(`queue.${each}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {verb !== null && <Confirm verb={verb} asked={asked} what={what} close={() => setVerb(null)} />}
    </>
  );
}

function Confirm({
  verb,
  asked,
  what,
  close,
}: {
  readonly verb: Verb;
  readonly asked: AskedMail;
  readonly what: string;
  readonly close: () => void;
}) {
  const t = useT();
  const change = useChange();
  const [why, setWhy] = useState("");
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const counted = useQuery({
    queryKey: ["session", "queue-count", verb, asked], // not to be asked again by the change itself
    gcTime: 0,
    staleTime: 0,
    retry: false,
    queryFn: () => post(verb, asked, true, ""),
  });
  const matched = counted.data?.matched;
  const mustType = ends(verb) && matched !== undefined && matched > TYPED_ABOVE;
  const command = commandOf(verb, asked);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (matched === undefined) return;
    setBusy(true);
    setError(null);
    try {
      await change(() => post(verb, { ...asked, expected: matched }, false, why), t(`queue.done.${verb}`, { what }));
      close();
    } catch (refused) {
      setError(refused);
      setTyped("");
      if (refused instanceof ApiError && refused.kind === "count-changed") await counted.refetch();
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={`${t(`queue.${verb}`)}: ${what}`} size="lg" closeButtonProps={{ "aria-label": t("action.close") }}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          <div aria-live="polite">
            {counted.isPending && <Loader size="sm" aria-label={t("page.loading")} />}
            {counted.isError && <Failure error={counted.error} retry={() => void counted.refetch()} />}
            {matched !== undefined && <Text>{matched === 0 ? t("queue.ask.none") : t(`queue.ask.${verb}`, { count: matched })}</Text>}
            {error !== null && <Failure error={error} />}
          </div>
          {mustType && (
            <TextInput
              label={t("queue.ask.type", { count: String(matched) })}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              inputMode="numeric"
              required
            />
          )}
          <TextInput
            label={t("action.reason")}
            description={t("action.reason.hint")}
            value={why}
            onChange={(event) => setWhy(event.currentTarget.value)}
          />
          {command !== null && (
            <Text size="sm" c="dimmed">
              {t("queue.command", { command: "" })}
              <Code>{command}</Code>
            </Text>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close} data-autofocus>
              {t("action.cancel")}
            </Button>
            <Button
              type="submit"
              loading={busy}
              {...(ends(verb) && { color: "red.9" })}
              disabled={matched === undefined || matched === 0 || (mustType && typed.trim() !== String(matched))}
            >
              {t(`queue.${verb}`)}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
