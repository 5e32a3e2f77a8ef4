/** Making a token, out of what its owner may. */
import { Checkbox, SimpleGrid, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { api, body, reasonHeader } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { pasted } from "../../parts/pasted.ts";
import { Dialog } from "./dialog.tsx";
import { useScopeText } from "./scope-text.ts";

const dayIn = (days: number): string => new Date(Date.now() + days * 24 * 3_600_000).toISOString().slice(0, 10);

export function NewToken({
  scopes,
  made,
  close,
}: {
  readonly scopes: readonly string[];
  readonly made: (token: { readonly name: string; readonly token: string }) => void;
  readonly close: () => void;
}) {
  const t = useT();
  const words = useScopeText();
  const change = useChange();
  const [chosen, setChosen] = useState<string[]>([]);
  const [isTried, setTried] = useState(false);
  const [fields, setFields] = useState({ name: "", domain: "", networks: "", ends: dayIn(90), why: "" });
  const set = (name: keyof typeof fields) => (event: { readonly currentTarget: { readonly value: string } }) =>
    setFields({ ...fields, [name]: event.currentTarget.value });
  const submit = async (): Promise<void> => {
    setTried(true);
    if (chosen.length === 0) throw new Error(t("access.tokens.field.scopes.none"));
    const json = {
      name: fields.name.trim(),
      scopes: chosen,
      ends_at: fields.ends,
      ...(fields.domain.trim() !== "" && { domain: fields.domain.trim() }),
      ...(fields.networks.trim() !== "" && { networks: pasted(fields.networks) }),
    };
    await change(
      async () => {
        const written = await body(api.tokens.$post({ json, query: {} }, { headers: reasonHeader(fields.why) }));
        if (written.token !== null) made({ name: json.name, token: written.token });
        return written;
      },
      t("access.tokens.done", { name: json.name }),
    );
  };
  return (
    <Dialog title={t("access.tokens.new")} save={t("access.tokens.save")} submit={submit} close={close}>
      <TextInput label={t("access.tokens.field.name")} value={fields.name} onChange={set("name")} maxLength={100} required data-autofocus />
      <Checkbox.Group
        label={t("access.tokens.field.scopes")}
        value={chosen}
        onChange={setChosen}
        error={isTried && chosen.length === 0 ? t("access.tokens.field.scopes.none") : undefined}
        required
      >
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs" mt="xs">
          {scopes.map((scope) => (
            <Checkbox key={scope} value={scope} label={words(scope)} />
          ))}
        </SimpleGrid>
      </Checkbox.Group>
      <TextInput
        label={t("access.tokens.field.domain")}
        description={t("access.tokens.field.domain.hint")}
        value={fields.domain}
        onChange={set("domain")}
        autoCapitalize="none"
        spellCheck={false}
      />
      <Textarea
        label={t("access.tokens.field.networks")}
        description={t("access.tokens.field.networks.hint")}
        value={fields.networks}
        onChange={set("networks")}
        autosize
      />
      <TextInput
        type="date"
        label={t("access.tokens.field.ends")}
        description={t("access.tokens.field.ends.hint")}
        value={fields.ends}
        onChange={set("ends")}
        max={dayIn(365)}
        required
      />
      <TextInput label={t("action.reason")} description={t("action.reason.hint")} value={fields.why} onChange={set("why")} />
    </Dialog>
  );
}
