/** One real person or group: what is asked, what comes, and what is made of it. */
import { Anchor, Button, Code, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Address, Time, visible } from "../../parts/text.tsx";

type Tried = InferResponseType<(typeof api.directories)[":id"]["try"]["$post"], 200>;

export function TrySource({ id }: { readonly id: string }) {
  const t = useT();
  const [address, setAddress] = useState("");
  const tried = useMutation({
    mutationFn: () => body(api.directories[":id"].try.$post({ param: { id }, json: { address: address.trim() } })),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    tried.mutate();
  };
  return (
    <Stack gap="xs">
      <form onSubmit={submit}>
        <Group align="flex-end" gap="xs">
          <TextInput
            label={t("directory.try.address")}
            placeholder="ann.lee@campus.example"
            value={address}
            onChange={(event) => setAddress(event.currentTarget.value)}
            required
          />
          <Button variant="default" type="submit" loading={tried.isPending}>
            {t("directory.try")}
          </Button>
        </Group>
      </form>
      <div aria-live="polite">
        {tried.isError && <Failure error={tried.error} retry={() => tried.mutate()} />}
        {tried.data !== undefined && <Result tried={tried.data} />}
      </div>
    </Stack>
  );
}

function Result({ tried: { address, looks, means, twins, last_good } }: { readonly tried: Tried }) {
  const t = useT();
  return (
    <Stack gap="sm">
      <Title order={3} size="h5">
        {t("directory.try.means")}
      </Title>
      {twins.length > 0 && <Text size="sm">{t("directory.try.twins", { dns: twins.map(visible).join("; ") })}</Text>}
      {means === null && twins.length === 0 && <Text size="sm">{t("directory.try.absent", { address })}</Text>}
      {means !== null && (
        <Text size="sm">
          {t(means.kind === "person" ? "directory.try.person" : "directory.try.group", { count: means.target_count })}{" "}
          {means.targets.map((target, i) => (
            <span key={target}>
              {i > 0 && ", "}
              <Address>{target}</Address>
            </span>
          ))}
          {means.target_count > means.targets.length && ` ${t("addresses.more", { count: means.target_count - means.targets.length })}`}
          {means.affiliation !== null && ` · ${visible(means.affiliation)}`}
        </Text>
      )}
      {means !== null && means.bad_targets.length > 0 && (
        <Text size="sm">{t("directory.try.bad", { values: means.bad_targets.map(visible).join(", ") })}</Text>
      )}
      {last_good !== null && (
        <Text size="sm" c="dimmed">
          {t("directory.try.lastGood")} <Time at={last_good.answered_at} withSeconds />
        </Text>
      )}
      <Anchor component={Link} to={`/explain?address=${encodeURIComponent(address)}`} size="sm">
        {t("directory.try.explain")}
      </Anchor>
      {looks.map(({ kind, base, filter, took_ms, entries }) => (
        <Stack gap={4} key={kind}>
          <Title order={3} size="h5">
            {t(`directory.try.asked.${kind}`)}
          </Title>
          <Code block className="breakable">
            {visible(base)}
            {"\n"}
            {visible(filter)}
          </Code>
          <Text size="sm">{t("directory.try.entries", { count: entries.length, ms: Math.round(took_ms) })}</Text>
          {entries.map(({ dn, attributes }) => (
            <Facts
              key={dn}
              rows={[
                [
                  "dn",
                  <span key="dn" className="breakable">
                    {visible(dn)}
                  </span>,
                ],
                ...attributes.map(
                  ({ name, values, count }) =>
                    [
                      visible(name),
                      <span key={name} className="breakable">
                        {values.map(visible).join(", ")}
                        {count > values.length && ` ${t("addresses.more", { count: count - values.length })}`}
                      </span>,
                    ] as const,
                ),
              ]}
            />
          ))}
        </Stack>
      ))}
    </Stack>
  );
}
