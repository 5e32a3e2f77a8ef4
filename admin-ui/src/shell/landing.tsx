/** Where the panel begins: people who look after nothing but their own mail are shown that. */
import { Navigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useMay } from "./session.tsx";

const Home = lazy(() => import("../screens/home/home.tsx").then((part) => ({ default: part.Home })));

export function Landing() {
  const seesFlow = useMay("flow.see");
  if (!seesFlow) return <Navigate to="/me" replace />;
  return (
    <Suspense fallback={null}>
      <Home />
    </Suspense>
  );
}
