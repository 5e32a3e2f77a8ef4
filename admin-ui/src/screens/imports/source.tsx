/** Which file, and how it is to be read. The server guesses encoding and separator; both can be said. */
import { Anchor, Button, Checkbox, Group, Input, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { Failure } from "../../parts/failure.tsx";

const FORMATS = ["csv", "aliases", "postfix-virtual"] as const;
export const DELIMITERS = ["comma", "semicolon", "tab", "bar"] as const;
export const ENCODINGS = ["utf-8", "utf-16le", "utf-16be", "windows-1252"] as const;

/** The server takes 64 MiB of JSON, and base64 makes four octets of three. */
const MOST = 46 * 1024 * 1024;

async function base64Of(file: Blob): Promise<string> {
  const octets = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let from = 0; from < octets.length; from += 32768) text += String.fromCharCode(...octets.subarray(from, from + 32768));
  return btoa(text);
}

export function Source({ uploaded }: { readonly uploaded: (id: number) => void }) {
  const t = useT();
  const [file, setFile] = useState<File | null>(null);
  const [fields, setFields] = useState({ format: "csv", domain: "", delimiter: "", encoding: "" });
  const [replaces, setReplaces] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const set = (name: keyof typeof fields) => (event: { readonly currentTarget: { readonly value: string } }) =>
    setFields({ ...fields, [name]: event.currentTarget.value });
  const domain = fields.domain.trim();
  const send = async (name: string, content: Blob, format: string): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      if (content.size > MOST) throw new Error(t("imports.tooLarge"));
      const json = {
        name,
        format: format as (typeof FORMATS)[number],
        content_base64: await base64Of(content),
        replaces,
        ...(domain !== "" && { domain }),
        ...(fields.delimiter !== "" && { delimiter: fields.delimiter as (typeof DELIMITERS)[number] }),
        ...(fields.encoding !== "" && { encoding: fields.encoding as (typeof ENCODINGS)[number] }),
      };
      uploaded((await body(api.imports.$post({ json }))).id);
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (file !== null) void send(file.name, file, fields.format);
  };
  const trySample = async (): Promise<void> => {
    setError(null);
    try {
      const first = domain === "" ? (await body(api.addresses.$get({ query: { limit: "1" } }))).items[0]?.domain : domain;
      const sample = await api.imports["template.csv"].$get({ query: first === undefined ? {} : { domain: first } });
      await send("sample.csv", new Blob([await sample.text()]), "csv");
    } catch (refused) {
      setError(refused);
    }
  };
  return (
    <form onSubmit={submit}>
      <Stack maw="40rem">
        <Input.Wrapper label={t("imports.file")} description={t("imports.file.hint")} id="import-file" required>
          <div>
            <input
              id="import-file"
              type="file"
              required
              onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)}
              accept=".csv,.tsv,.txt,text/csv,text/plain,application/octet-stream"
            />
          </div>
        </Input.Wrapper>
        <NativeSelect
          label={t("imports.format")}
          value={fields.format}
          onChange={set("format")}
          data={FORMATS.map((value) => ({ value, label: t(`imports.format.${value}`) }))}
        />
        <TextInput
          label={t("imports.domain")}
          description={t("imports.domain.hint")}
          placeholder="campus.example"
          value={fields.domain}
          onChange={set("domain")}
          required={fields.format === "aliases"}
        />
        <Checkbox
          label={t("imports.replaces")}
          description={t("imports.replaces.hint")}
          checked={replaces}
          onChange={(event) => setReplaces(event.currentTarget.checked)}
        />
        {error !== null && <Failure error={error} />}
        <Group>
          <Button type="submit" loading={busy}>
            {t("imports.check")}
          </Button>
          <Button variant="default" onClick={() => void trySample()} disabled={busy}>
            {t("imports.sample")}
          </Button>
          <Anchor
            href={`/api/v1/imports/template.csv${domain === "" ? "" : `?domain=${encodeURIComponent(domain)}`}`}
            download="template.csv"
          >
            {t("imports.template")}
          </Anchor>
        </Group>
        <Text size="sm" c="dimmed">
          {t("imports.safe")}
        </Text>
      </Stack>
    </form>
  );
}
