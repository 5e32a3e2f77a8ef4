import { useT } from "../../i18n/i18n.tsx";

const STEPS = ["source", "check", "preview", "apply", "report"] as const;
export type Step = (typeof STEPS)[number];

export function Steps({ at }: { readonly at: Step }) {
  const t = useT();
  return (
    <ol className="steps" aria-label={t("imports.steps")}>
      {STEPS.map((step) => (
        <li key={step} aria-current={step === at ? "step" : undefined}>
          {t(`imports.step.${step}`)}
        </li>
      ))}
    </ol>
  );
}
