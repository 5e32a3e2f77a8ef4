/** A table of rows that the server sorts and pages; below 640 px each row is a card. */
import { Button, Checkbox, Group, Table, Text, UnstyledButton } from "@mantine/core";
import type { ReactNode } from "react";
import { useT } from "../i18n/i18n.tsx";

export type Column<Row> = {
  readonly key: string;
  readonly header: string;
  readonly cell: (row: Row) => ReactNode;
  /** The word by which the server sorts; with `-` before it the other way round. */
  readonly sort?: string;
  readonly align?: "left" | "right";
};

type Selection = {
  readonly chosen: ReadonlySet<string>;
  readonly choose: (key: string, on: boolean) => void;
  readonly label: (key: string) => string;
  /** False: this row cannot be chosen. */
  readonly can?: (key: string) => boolean;
};

type Props<Row> = {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly sort?: string;
  readonly onSort?: (sort: string) => void;
  readonly selection?: Selection;
  readonly dimmed?: boolean;
};

export function DataTable<Row>({ caption, columns, rows, keyOf, sort, onSort, selection, dimmed = false }: Props<Row>) {
  return (
    <Table className="data" data-dimmed={dimmed || undefined} highlightOnHover verticalSpacing="var(--row-space)">
      <Table.Caption className="for-readers">{caption}</Table.Caption>
      <Table.Thead>
        <Table.Tr>
          {selection !== undefined && <Table.Th aria-hidden="true" w={40} />}
          {columns.map((column) => (
            <HeaderCell key={column.key} column={column} sort={sort} onSort={onSort} />
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((row) => {
          const key = keyOf(row);
          return (
            <Table.Tr key={key} data-key={key} data-selected={selection?.chosen.has(key) || undefined}>
              {selection !== undefined && (
                <Table.Td className="choose">
                  {selection.can?.(key) !== false && (
                    <Checkbox
                      aria-label={selection.label(key)}
                      checked={selection.chosen.has(key)}
                      onChange={(event) => selection.choose(key, event.currentTarget.checked)}
                    />
                  )}
                </Table.Td>
              )}
              {columns.map(({ key: name, header, cell, align }) => (
                <Table.Td key={name} data-label={header} ta={align ?? "left"}>
                  {cell(row)}
                </Table.Td>
              ))}
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}

function HeaderCell<Row>({
  column: { header, sort: by, align },
  sort,
  onSort,
}: {
  readonly column: Column<Row>;
  readonly sort: string | undefined;
  readonly onSort: ((sort: string) => void) | undefined;
}) {
  if (by === undefined || onSort === undefined)
    return (
      <Table.Th scope="col" ta={align ?? "left"}>
        {header}
      </Table.Th>
    );
  const direction = sort === by ? "ascending" : sort === `-${by}` ? "descending" : "none";
  return (
    <Table.Th scope="col" aria-sort={direction} ta={align ?? "left"}>
      <UnstyledButton fw={700} fz="inherit" onClick={() => onSort(sort === by ? `-${by}` : by)}>
        {header}
        <span aria-hidden="true">{direction === "ascending" ? " ▲" : direction === "descending" ? " ▼" : " ↕"}</span>
      </UnstyledButton>
    </Table.Th>
  );
}

/** How many there are, and the way to the next ones. */
export function Pager({
  total,
  next,
  isFirst,
  onFirst,
  onNext,
}: {
  /** Null: more than the server counts. */
  readonly total: number | null;
  readonly next: string | null;
  readonly isFirst: boolean;
  readonly onFirst: () => void;
  readonly onNext: (cursor: string) => void;
}) {
  const t = useT();
  return (
    <Group justify="space-between">
      <Text size="sm" aria-live="polite">
        {total === null ? t("page.total.many") : t("page.total", { total })}
      </Text>
      <Group gap="xs">
        {!isFirst && (
          <Button variant="default" size="xs" onClick={onFirst}>
            {t("page.first")}
          </Button>
        )}
        {next !== null && (
          <Button variant="default" size="xs" onClick={() => onNext(next)}>
            {t("page.next")}
          </Button>
        )}
      </Group>
    </Group>
  );
}
