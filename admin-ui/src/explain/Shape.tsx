/** A shape or icon of shapes.ts, in the colour of the text around it. What it says stands beside it in words. */
import type { ReactNode } from "react";

/** `path`: in a box of 16 × 16. */
export const Shape = ({ path }: { readonly path: string }): ReactNode => (
  <svg className="explain-shape" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
    <path d={path} />
  </svg>
);
