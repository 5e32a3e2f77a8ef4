/** The picture of Explain: from left to right, an address for each box, a reason for each line, and how each way ends in words, shape and colour. */
import { Button, Group } from "@mantine/core";
import { Panel, ReactFlow, ReactFlowProvider, useReactFlow } from "@xyflow/react";
import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef } from "react";
import { toggle } from "./folding.ts";
import { type Layout, layoutOf, type PlacedNode } from "./layout.ts";
import { NodeMeaning, PictureLegend } from "./PictureNotes.tsx";
import { type FlowNode, PictureLines, PictureNode, type PictureNodeData } from "./PictureParts.tsx";
import { countsText } from "./sentences.ts";
import type { Branch } from "./tree.ts";
import { type ExplainViewProps, useExplainView } from "./view.ts";
import { say } from "./words.ts";
import "@xyflow/react/dist/base.css";
import "./explain.css";

const NODE_TYPES = { address: PictureNode };
/** More than this are drawn only where they can be seen; below it Tab reaches all of them. */
const ALWAYS_DRAWN = 300;
const FIT = { padding: 0.08, minZoom: 0.7, maxZoom: 1 };
/** At least so large is what a step leads to. */
const READABLE = 0.9;

export function ExplainPicture(props: ExplainViewProps): ReactNode {
  return (
    <ReactFlowProvider>
      <Picture {...props} />
    </ReactFlowProvider>
  );
}

function Picture(props: ExplainViewProps): ReactNode {
  const { explanation, draft, toggled, onToggled, selected, onSelect, t } = props;
  const { shown, selectedBranch, troubles, announced, step, onStepKey } = useExplainView(props);
  const layout = useMemo(() => layoutOf(shown, t, explanation.as_of), [shown, t, explanation.as_of]);
  const keepInPlace = useSteadyView(layout, selectedBranch);
  const nodes = useMemo(() => {
    const onToggle = (id: string): void => {
      keepInPlace(id);
      onToggled(toggle(toggled, id));
    };
    const edges = new Map(layout.edges.map((edge) => [edge.to, edge]));
    return layout.nodes.map((placed) => {
      const { id } = placed;
      return flowNode({ placed, edge: edges.get(id) ?? null, isSelected: id === selected, t, onSelect, onToggle });
    });
  }, [layout, selected, t, onSelect, onToggled, toggled, keepInPlace]);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: n and p work wherever the focus is inside; the buttons do the same
    <section
      className="explain-picture"
      onKeyDown={onStepKey}
      aria-label={say(t, "explain.picture.label", { address: explanation.address })}
    >
      <Group className="explain-bar" gap="xs">
        <strong className={troubles.length > 0 ? "explain-deadEnd" : ""}>{say(t, "explain.troubles", { count: troubles.length })}</strong>
        <span className="explain-faint">{countsText(t, (draft ?? explanation).counts)}</span>
        <StepButtons isOff={troubles.length === 0} step={step} t={t} />
      </Group>
      <div className="explain-canvas">
        <ReactFlow
          nodes={nodes}
          nodeTypes={NODE_TYPES}
          fitView
          fitViewOptions={FIT}
          minZoom={0.05}
          maxZoom={2}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          elementsSelectable={false}
          deleteKeyCode={null}
          selectionKeyCode={null}
          preventScrolling={false}
          zoomOnScroll={false}
          onlyRenderVisibleElements={layout.nodes.length > ALWAYS_DRAWN}
        >
          <PictureLines edges={layout.edges} />
          <Panel position="bottom-left">
            <ZoomButtons t={t} />
          </Panel>
        </ReactFlow>
      </div>
      <PictureLegend t={t} isCompared={draft !== undefined} />
      <NodeMeaning t={t} branch={selectedBranch} asOf={explanation.as_of} />
      <p className="explain-hidden" aria-live="polite">
        {announced}
      </p>
    </section>
  );
}

/** Its size, and that no line of the library's own ends here, is told: else all boxes would be drawn once to be measured. */
function flowNode(data: PictureNodeData): FlowNode {
  const { id, x, y, width, height } = data.placed;
  return { id, type: "address", position: { x, y }, width, height, measured: { width, height }, handles: [], data };
}

/** What was opened or folded stays where it was under the pointer; what is selected is brought into view. */
function useSteadyView(layout: Layout, selected: Branch | null): (id: string) => void {
  const flow = useReactFlow();
  const kept = useRef<PlacedNode | null>(null);
  const current = useRef(layout);
  useLayoutEffect(() => {
    current.current = layout;
    const before = kept.current;
    const after = layout.nodes.find(({ id }) => id === before?.id);
    kept.current = null;
    if (before === null || after === undefined) return;
    const { x, y, zoom } = flow.getViewport();
    void flow.setViewport({ x: x - (after.x - before.x) * zoom, y: y - (after.y - before.y) * zoom, zoom });
  }, [layout, flow]);
  const selectedId = selected?.id;
  useEffect(() => {
    const node = current.current.nodes.find(({ id }) => id === selectedId);
    if (node === undefined || !flow.viewportInitialized) return;
    const duration = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 200;
    void flow.setCenter(node.x + node.width / 2, node.y + node.height / 2, { zoom: Math.max(flow.getZoom(), READABLE), duration });
  }, [selectedId, flow]);
  return useMemo(
    () => (id) => {
      kept.current = current.current.nodes.find((node) => node.id === id) ?? null;
    },
    [],
  );
}

type StepButtonsProps = { readonly isOff: boolean; readonly step: (direction: 1 | -1) => void; readonly t: ExplainViewProps["t"] };

const StepButtons = ({ isOff, step, t }: StepButtonsProps): ReactNode => (
  <Group gap="xs">
    <Button size="compact-sm" variant="default" disabled={isOff} onClick={() => step(-1)}>
      {say(t, "explain.troubles.previous")}
    </Button>
    <Button size="compact-sm" variant="default" disabled={isOff} onClick={() => step(1)}>
      {say(t, "explain.troubles.next")}
    </Button>
  </Group>
);

/** Beside Ctrl with the wheel and two fingers, so that no gesture is needed. */
function ZoomButtons({ t }: { readonly t: ExplainViewProps["t"] }): ReactNode {
  const flow = useReactFlow();
  return (
    <Group gap="xs" role="group" aria-label={say(t, "explain.zoomControls")}>
      <Button size="compact-sm" variant="default" aria-label={say(t, "explain.zoomIn")} onClick={() => void flow.zoomIn()}>
        +
      </Button>
      <Button size="compact-sm" variant="default" aria-label={say(t, "explain.zoomOut")} onClick={() => void flow.zoomOut()}>
        −
      </Button>
      <Button size="compact-sm" variant="default" onClick={() => void flow.fitView({ padding: FIT.padding, maxZoom: FIT.maxZoom })}>
        {say(t, "explain.fit")}
      </Button>
    </Group>
  );
}
