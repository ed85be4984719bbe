// Asking the service. What goes wrong is one sentence for who asked.

/* What went wrong. line, column: of the mistake in what was sent, from 1; null if it has no place. */
export class Refused extends Error {
  constructor(said, line = null, column = null) {
    super(said);
    this.line = line;
    this.column = column;
  }
}

/* The answer to a request; throws Refused, or the AbortError of a signal. */
export async function ask(address, body, signal) {
  let response;
  try {
    response = await fetch(address, { method: "POST", body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The service cannot be reached. Look at your connection, and ask again.");
  }
  const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json");
  if (response.ok && !isProblem) return response;
  let problem = {};
  try {
    problem = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error; // else it is not from tunetrace: a server in between sent it
  }
  throw new Refused(sentence(response.status, problem), problem.line, problem.column);
}

function sentence(status, { detail, line, column }) {
  if (status === 503) return "The service is busy. Ask again in a few seconds.";
  if (status === 504) return "This took too long. Send a shorter tune, or fewer at once.";
  if (detail) {
    // The text has no name for who pasted it; its line says where the mistake is.
    const place = line ? `line ${line}${column ? `, column ${column}` : ""}: ` : "";
    const said = detail.replace(/^(no tune can be \w+; )?input(:\d+)*: /, place);
    return `${said[0].toUpperCase()}${said.slice(1)}${/[.!?]$/.test(said) ? "" : "."}`;
  }
  if (status === 413) return "This is too large for the service. Send a shorter tune, or fewer at once.";
  return `The service could not answer (status ${status}). Ask again in a while.`;
}
