import { type CSSVariablesResolver, createTheme, ModalHeader } from "@mantine/core";

/** Colours that reach 4.5:1 on both backgrounds (WCAG 2.2, 1.4.3). */
export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 8, dark: 8 },
  autoContrast: true,
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', Menlo, Consolas, monospace",
  defaultRadius: "md",
  cursorType: "pointer",
  focusRing: "auto",
  // The head of a dialogue is a <header>, which would count as a second banner of the page.
  components: { ModalHeader: ModalHeader.extend({ defaultProps: { role: "presentation" } }) },
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { "--mantine-color-dimmed": "#495057", "--mantine-color-anchor": "#364fc7", "--mantine-color-error": "#c92a2a" },
  dark: { "--mantine-color-dimmed": "#c1c2c5", "--mantine-color-anchor": "#91a7ff", "--mantine-color-error": "#ffa8a8" },
});
