/** How somebody gets in who is not: by the link that the program printed, by the installation's provider, or with a token. */
import { type FormEvent, useState } from "react"
import { takeToken } from "../backend/session.ts"

export const SignInScreen = ({ why }: { readonly why: string | null }) => {
  const [token, setToken] = useState("")
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (token.trim() !== "") takeToken(token)
  }
  return (
    <main className="signin" id="main">
      <h1>Sign in to Dueline</h1>
      {why === null ? null : (
        <p className="note warn" role="status">
          {why}
        </p>
      )}
      <section>
        <h2>Open the link of the program</h2>
        <p>
          <code>npm start</code> prints one when it starts. Later, this makes another where the program runs; each is
          good once, for ten minutes:
        </p>
        <pre>{"dueline console\n# from a checkout: npm run dueline console"}</pre>
      </section>
      <section>
        <h2>Sign in with your organisation</h2>
        <p>
          <a href="/console/sign-in">Go to its sign-in</a>, where one is configured.
        </p>
      </section>
      <form onSubmit={submit}>
        <h2>Or give a token</h2>
        <label>
          An access token or an API key. It is kept in this tab alone, until it is closed.
          <textarea
            rows={3}
            value={token}
            onChange={(event) => setToken(event.target.value)}
            autoComplete="off"
            spellCheck={false}
          />
        </label>
        <button type="submit" className="main" disabled={token.trim() === ""}>
          Sign in
        </button>
      </form>
    </main>
  )
}
