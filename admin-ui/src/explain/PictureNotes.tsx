/** What stands below the picture: its legend, and what the selected node means. */
import type { ReactNode } from "react";
import { headText } from "./as-text.ts";
import { Shape } from "./Shape.tsx";
import { leafText, meaningOf } from "./sentences.ts";
import { TONE_SHAPES, TONES } from "./shapes.ts";
import type { Branch } from "./tree.ts";
import { say, type Translate } from "./words.ts";

export const PictureLegend = ({ t, isCompared }: { readonly t: Translate; readonly isCompared: boolean }): ReactNode => (
  <ul className="explain-legend" aria-label={say(t, "explain.legend")}>
    {TONES.map((tone) => (
      <li key={tone} className={`explain-${tone}`}>
        <Shape path={TONE_SHAPES[tone]} />
        {say(t, `explain.legend.${tone}`)}
      </li>
    ))}
    {isCompared ? <li className="explain-added">{say(t, "explain.legend.added")}</li> : null}
    {isCompared ? <li className="explain-removed">{say(t, "explain.legend.removed")}</li> : null}
  </ul>
);

type MeaningProps = { readonly t: Translate; readonly branch: Branch | null; readonly asOf: string };

/** Address, reason and end in full, nothing cut, and what they mean for mail. */
export function NodeMeaning({ t, branch, asOf }: MeaningProps): ReactNode {
  if (branch === null) return null;
  const states = branch.ends.map(({ leaf }) => leaf.state);
  return (
    <div className="explain-meaning">
      <p>
        <strong>
          <bdi>{headText(t, branch, asOf)}</bdi>
        </strong>
      </p>
      {branch.ends.map(({ leaf, sign }) => (
        <p key={`${sign} ${leaf.state}`}>
          {sign === "same" ? "" : `${say(t, `explain.sign.${sign}`)}: `}
          <bdi>{leafText(t, leaf)}</bdi>
        </p>
      ))}
      {meaningOf(t, branch.node.kind, branch.reason, states).map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
    </div>
  );
}
