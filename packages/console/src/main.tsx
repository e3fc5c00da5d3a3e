/** The console: loaded once, it asks the edge that served it and nobody else. */
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { start } from "./backend/session.ts"
import { App } from "./shell/App.tsx"
import { showTheme } from "./shell/theme.ts"

const root = document.getElementById("root")
if (root !== null) {
  showTheme()
  start()
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>
  )
}
