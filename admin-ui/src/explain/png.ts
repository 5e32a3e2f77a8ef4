/** The exported picture as PNG: the SVG drawn on a canvas by the browser. Needs `img-src blob:` in the content security policy. */
import type { Svg } from "./svg.ts";

/** What every browser can draw, in pixels: on a side, and in all. */
const LONGEST_SIDE = 16_000;
const MOST_PIXELS = 100_000_000;
/** So many pixels for one CSS pixel where there is room, so that small letters can be read in print. */
const SCALE = 2;
/** Below this no letter could be read. */
const LEAST_SCALE = 0.5;

/** `tooLarge`: no letter of it could be read; `failed`: the browser did not draw it. Both have a sentence: `explain.export.…`. */
export type Png = { readonly kind: "drawn"; readonly blob: Blob } | { readonly kind: "tooLarge" | "failed" };

export async function pngOf({ text, width, height }: Svg): Promise<Png> {
  const scale = scaleFor(width, height);
  if (scale < LEAST_SCALE) return { kind: "tooLarge" };
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  try {
    const image = new Image(width, height);
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = Math.ceil(width * scale);
    canvas.height = Math.ceil(height * scale);
    const context = canvas.getContext("2d");
    if (context === null) return { kind: "failed" };
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
    return blob === null ? { kind: "failed" } : { kind: "drawn", blob };
  } catch {
    return { kind: "failed" }; // a browser that does not decode SVG, or has no memory for it
  } finally {
    URL.revokeObjectURL(url);
  }
}

const scaleFor = (width: number, height: number): number =>
  Math.min(SCALE, LONGEST_SIDE / Math.max(width, height), Math.sqrt(MOST_PIXELS / (width * height)));
