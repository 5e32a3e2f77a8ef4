/** One file of vitest's JSON report. A file that could not be loaded has failed without any test. */
export type TestFile = {
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
};

/** `closingLine` counts and stands alone at the end; `notes` are to be read, `complaints` make the run fail. */
export type Judgement = { readonly closingLine: string; readonly notes: readonly string[]; readonly complaints: string[] };

/** What a test run comes to. `strict` (CI): a skipped test is a failure, since nobody reads what was skipped. */
export function judge(files: readonly TestFile[], strict: boolean): Judgement {
  const tests = files.flatMap((file) => file.assertionResults);
  const passed = tests.filter((test) => test.status === "passed").length;
  const broken = files.filter((file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"));
  const failed = tests.filter((test) => test.status === "failed").length + broken.length;
  const skipped = tests.filter((test) => test.status !== "passed" && test.status !== "failed");
  const complaints = passed + failed === 0 ? ["no test ran"] : [];
  if (strict && skipped.length > 0) complaints.push(`${skipped.length} tests were skipped, which is a failure with CI=true`);
  const notes = skipped.length === 0 ? [] : ["", `${skipped.length} SKIPPED:`, ...skipped.map((test) => `  ${test.fullName}`), ""];
  const counts = `${passed} passed, ${failed} failed`;
  return { closingLine: skipped.length > 0 ? `${counts}, ${skipped.length} skipped` : counts, notes, complaints };
}
