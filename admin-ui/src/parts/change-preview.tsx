/** What a change would do to mail, in words: who gains and loses it, what leaves campus, what breaks, and the loop if it makes one. */
import { Alert, List, Stack, Text } from "@mantine/core";
import type { InferResponseType } from "hono/client";
import type { api } from "../api.ts";
import { useT } from "../i18n/i18n.tsx";
import { Address, visible } from "./text.tsx";

export type Preview = NonNullable<InferResponseType<(typeof api.aliases)[":address"]["$put"], 200>["preview"]>;
type Named = Preview["gain"];

/** Names shown of those who gain or lose. */
const SHOWN = 8;

export function ChangePreview({ preview }: { readonly preview: Preview }) {
  const t = useT();
  const { gain, lose, outside, reach, breaks, mended, loop, refusal, warnings, sampled } = preview;
  if (refusal !== null)
    return (
      <Alert color="red" variant="outline" title={loop === null ? t("preview.refused") : t("preview.loop")}>
        {loop === null ? <Text size="sm">{visible(refusal.message)}</Text> : <Loop loop={loop} />}
        {refusal.hint !== null && <Text size="sm">{refusal.hint}</Text>}
      </Alert>
    );
  return (
    <Alert
      color={breaks.length > 0 || outside.count > 0 || warnings.length > 0 ? "yellow" : "indigo"}
      variant="outline"
      title={t("preview.title")}
    >
      <Stack gap={4}>
        <Text size="sm">
          {gain.count === 0 && lose.count === 0 ? t("preview.same") : t("preview.counts", { gain: gain.count, lose: lose.count })}{" "}
          {t("preview.reach", { reach })}
        </Text>
        <Names word={t("preview.gain")} named={gain} />
        <Names word={t("preview.lose")} named={lose} />
        {outside.count > 0 && <Names word={t("preview.outside", { count: outside.count })} named={outside} />}
        <Ends word={t("preview.breaks")} ends={breaks} />
        <Ends word={t("preview.mended")} ends={mended} />
        {warnings.map((warning) => (
          <Text size="sm" key={warning}>
            {visible(warning)}
          </Text>
        ))}
        {sampled !== null && <Text size="sm">{t("preview.sampled", sampled)}</Text>}
      </Stack>
    </Alert>
  );
}

/** `a → b → a`, one step after the other. */
function Loop({ loop }: { readonly loop: string }) {
  const steps = loop.split(" → ");
  return (
    <Text size="sm" component="p" m={0}>
      {steps.map((step, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a loop comes back to where it began, so its steps are told apart by their place
        <span key={i}>
          {i > 0 && " → "}
          <Address>{step}</Address>
        </span>
      ))}
    </Text>
  );
}

function Names({ word, named: { count, first } }: { readonly word: string; readonly named: Named }) {
  const t = useT();
  if (count === 0) return null;
  const shown = first.slice(0, SHOWN);
  return (
    <Text size="sm" component="div">
      {word}{" "}
      {shown.map((name, i) => (
        <span key={name}>
          {i > 0 && ", "}
          <Address>{name}</Address>
        </span>
      ))}
      {count > shown.length && ` ${t("preview.more", { count: count - shown.length })}`}
    </Text>
  );
}

function Ends({ word, ends }: { readonly word: string; readonly ends: Preview["breaks"] }) {
  const t = useT();
  if (ends.length === 0) return null;
  return (
    <div>
      <Text size="sm">{word}</Text>
      <List size="sm">
        {ends.slice(0, SHOWN).map(({ address, from, why }) => (
          <List.Item key={`${address} ${why}`}>
            <Address>{address}</Address>
            {from !== null && (
              <>
                {" ← "}
                <Address>{from}</Address>
              </>
            )}
            : {t(`preview.why.${why}`)}
          </List.Item>
        ))}
      </List>
      {ends.length > SHOWN && <Text size="sm">{t("preview.more", { count: ends.length - SHOWN })}</Text>}
    </div>
  );
}
