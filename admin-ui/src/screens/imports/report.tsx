/** What an import did, and the way back. */
import { Alert, Anchor, Button, Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useT } from "../../i18n/i18n.tsx";
import { visible } from "../../parts/text.tsx";
import { useMay } from "../../shell/session.tsx";
import { UndoDialog } from "../changes/undo-dialog.tsx";
import type { UploadView } from "./upload.tsx";

export function Report({ upload: { found, change_no: changeNo, by } }: { readonly upload: UploadView }) {
  const t = useT();
  const mayUndo = useMay("changes.undo");
  const [undoing, setUndoing] = useState(false);
  return (
    <>
      <Alert color="gray" variant="outline" role="status" title={t("imports.applied")}>
        {found !== null && <Text size="sm">{t("imports.counts", found.counts)}</Text>}
        <Text size="sm">{t("imports.appliedBy", { by: visible(by) })}</Text>
      </Alert>
      {changeNo !== null && (
        <Group>
          {mayUndo && (
            <Button variant="default" onClick={() => setUndoing(true)}>
              {t("imports.undo")}
            </Button>
          )}
          <Anchor component={Link} to={`/changes/${changeNo}`}>
            {t("imports.show", { no: String(changeNo) })}
          </Anchor>
        </Group>
      )}
      {undoing && changeNo !== null && <UndoDialog changeNo={changeNo} close={() => setUndoing(false)} />}
    </>
  );
}
