// The reference engine of JSONata (npm, pinned in package.json), asked about many expressions at a time: JSON Lines in, each
// with an expression and its bindings, JSON Lines out, each with a value, or an error. Nothing is neither.
const jsonata = require("jsonata");

async function evaluated({ expression, bindings }) {
  try {
    const program = jsonata(expression);
    // Step Functions' own function. Of nothing it makes nothing.
    program.registerFunction("parse", (text) => (text === undefined ? undefined : JSON.parse(text)));
    return { value: await program.evaluate(undefined, bindings) };
  } catch (error) {
    return { error: String(error.message || error) };
  }
}

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString("utf8").split("\n").filter(Boolean);
  const answers = [];
  for (const line of lines) answers.push(JSON.stringify(await evaluated(JSON.parse(line))));
  process.stdout.write(answers.map((answer) => answer + "\n").join(""));
}

main();
