/** One upload, from being read to being applied. What is under way goes on without this page. */
import { Alert, Button, Group, Loader, NativeSelect, Progress, Stack, Text, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { InferResponseType } from "hono/client";
import { useState } from "react";
import { ApiError, api, body, reasonHeader } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { ChangePreview } from "../../parts/change-preview.tsx";
import { Failure } from "../../parts/failure.tsx";
import { visible } from "../../parts/text.tsx";
import { useMay } from "../../shell/session.tsx";
import { Lines } from "./lines.tsx";
import { Report } from "./report.tsx";
import { DELIMITERS, ENCODINGS } from "./source.tsx";
import { type Step, Steps } from "./steps.tsx";

export type UploadView = InferResponseType<(typeof api.imports)[":id"]["$get"], 200>;
const POLL_MS = 1000;
const isRunning = (state: UploadView["state"]): boolean => state === "waiting" || state === "reading" || state === "applying";

const STEP_OF: Readonly<Record<UploadView["state"], Step>> = {
  waiting: "check",
  reading: "check",
  failed: "check",
  "broken-off": "check",
  ready: "preview",
  applying: "apply",
  applied: "report",
};

export function Upload({ id }: { readonly id: string }) {
  const t = useT();
  const found = useQuery({
    queryKey: ["import", id],
    queryFn: () => body(api.imports[":id"].$get({ param: { id } })),
    refetchInterval: ({ state }) => (state.data !== undefined && isRunning(state.data.state) ? POLL_MS : false),
  });
  if (found.isPending) return <Loader role="status" aria-label={t("page.loading")} />;
  if (found.isError) return <Failure error={found.error} retry={() => void found.refetch()} />;
  const upload = found.data;
  return (
    <Stack>
      <Steps at={STEP_OF[upload.state]} />
      <Text>
        {visible(upload.name)} · {t("imports.size", { kilobytes: Math.ceil(upload.size / 1024) })}
        {upload.found?.remarks.map((remark) => ` · ${visible(remark.replace(`${upload.name}: `, ""))}`)}
      </Text>
      {isRunning(upload.state) && <Running upload={upload} />}
      {(upload.state === "failed" || upload.state === "broken-off") && <Failed upload={upload} />}
      {upload.state === "ready" && <Ready upload={upload} />}
      {upload.state === "applied" && <Report upload={upload} />}
    </Stack>
  );
}

/** Said aloud at each tenth. */
function Running({ upload: { state, progress, doing } }: { readonly upload: UploadView }) {
  const t = useT();
  const percent = Math.round(progress * 100);
  return (
    <div>
      <Text>{t(state === "applying" ? "imports.applying" : "imports.reading", { doing: visible(doing) })}</Text>
      <Progress value={percent} aria-label={t("imports.progress")} size="lg" my="xs" />
      <Text className="for-readers" aria-live="polite">
        {t("imports.percent", { percent: Math.floor(percent / 10) * 10 })}
      </Text>
      <Text size="sm" c="dimmed">
        {t("imports.leave")}
      </Text>
    </div>
  );
}

/** Asks for another preview of the same file, read in another way. */
function usePreview(id: number) {
  const queries = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const again = async (json: Parameters<(typeof api.imports)[":id"]["preview"]["$post"]>[0]["json"]): Promise<void> => {
    setError(null);
    try {
      await body(api.imports[":id"].preview.$post({ param: { id: String(id) }, json }));
      await queries.invalidateQueries({ queryKey: ["import", String(id)] });
    } catch (refused) {
      setError(refused);
    }
  };
  return { again, error };
}

function Failed({ upload }: { readonly upload: UploadView }) {
  const t = useT();
  const { again, error } = usePreview(upload.id);
  const isBroken = upload.state === "broken-off";
  return (
    <>
      <Alert color="red" variant="outline" role="alert" title={t(isBroken ? "imports.brokenOff" : "imports.failed")}>
        <Text size="sm">{isBroken ? t("imports.brokenOff.text") : visible(upload.failure?.message ?? "")}</Text>
        {upload.failure?.hint != null && <Text size="sm">{visible(upload.failure.hint)}</Text>}
      </Alert>
      <HowRead upload={upload} again={again} />
      <Group>
        <Button onClick={() => void again({})}>{t("imports.again")}</Button>
      </Group>
      {error !== null && <Failure error={error} />}
    </>
  );
}

/** What was guessed of the file, to be said otherwise. */
function HowRead({ upload, again }: { readonly upload: UploadView; readonly again: ReturnType<typeof usePreview>["again"] }) {
  const t = useT();
  const guess = { value: "", label: t("imports.guessed") };
  return (
    <Group>
      {upload.format === "csv" && (
        <NativeSelect
          label={t("imports.delimiter")}
          value={upload.delimiter ?? ""}
          data={[guess, ...DELIMITERS.map((value) => ({ value, label: t(`imports.delimiter.${value}`) }))]}
          onChange={(event) => void again({ delimiter: (event.currentTarget.value || null) as (typeof DELIMITERS)[number] | null })}
        />
      )}
      <NativeSelect
        label={t("imports.encoding")}
        value={upload.encoding ?? ""}
        data={[guess, ...ENCODINGS]}
        onChange={(event) => void again({ encoding: (event.currentTarget.value || null) as (typeof ENCODINGS)[number] | null })}
      />
    </Group>
  );
}

function Ready({ upload }: { readonly upload: UploadView }) {
  const t = useT();
  const mayApply = useMay("imports.apply");
  const queries = useQueryClient();
  const { again, error: refusedPreview } = usePreview(upload.id);
  const [why, setWhy] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const counts = upload.found?.counts ?? { new: 0, changed: 0, removed: 0, same: 0, problems: 0 };
  const changes = counts.new + counts.changed + counts.removed;
  const isClean = counts.problems === 0 || upload.skip_problems;
  const apply = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const headers = { ...reasonHeader(why), "if-match": `"${upload.directory_version}"` };
      await body(api.imports[":id"].apply.$post({ param: { id: String(upload.id) }, json: {} }, { headers }));
      await queries.invalidateQueries({ queryKey: ["import", String(upload.id)] });
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  const hasMoved = error instanceof ApiError && error.kind === "stale-version";
  return (
    <Stack>
      <Text fw={600} aria-live="polite">
        {t("imports.counts", counts)}
      </Text>
      {upload.found?.warnings.map((warning) => (
        <Alert key={warning} color="yellow" variant="outline" title={t("warnings.title")}>
          {visible(warning)}
        </Alert>
      ))}
      {upload.found?.reach != null && <ChangePreview preview={upload.found.reach} />}
      {upload.found?.reach == null && isClean && changes > 0 && <Text c="dimmed">{t("imports.reachUnknown")}</Text>}
      {counts.problems > 0 && (
        <Alert
          color="red"
          variant="outline"
          title={t(upload.skip_problems ? "imports.skipped" : "imports.problems", { count: counts.problems })}
        >
          <Text size="sm" mb="xs">
            {t(upload.skip_problems ? "imports.skipped.text" : "imports.problems.text")}
          </Text>
          <Group>
            <Button component="a" size="xs" variant="default" href={`/api/v1/imports/${upload.id}/problems.csv`} download>
              {t("imports.problems.download")}
            </Button>
            {!upload.replaces && (
              <Button size="xs" variant="default" onClick={() => void again({ skip_problems: !upload.skip_problems })}>
                {upload.skip_problems ? t("imports.unskip") : t("imports.skip", { count: counts.problems })}
              </Button>
            )}
          </Group>
        </Alert>
      )}
      <HowRead upload={upload} again={again} />
      {refusedPreview !== null && <Failure error={refusedPreview} />}
      <Lines id={String(upload.id)} counts={counts} />
      {changes === 0 && isClean && <Text>{t("imports.nothing")}</Text>}
      {mayApply && isClean && changes > 0 && (
        <TextInput
          label={t("action.reason")}
          description={t("action.reason.hint")}
          value={why}
          onChange={(event) => setWhy(event.currentTarget.value)}
          maw="30rem"
        />
      )}
      {error !== null && <Failure error={error} />}
      <Group>
        {mayApply && isClean && changes > 0 && !hasMoved && (
          <Button onClick={() => void apply()} loading={busy}>
            {t("imports.apply", { count: changes })}
          </Button>
        )}
        {hasMoved && <Button onClick={() => void again({})}>{t("imports.newPreview")}</Button>}
      </Group>
    </Stack>
  );
}
