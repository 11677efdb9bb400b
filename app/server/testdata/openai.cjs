// Asks a server by OpenAI's own client for tools, twice: once streamed, once not.
// Prints a line of JSON for each conversation: what it called, what it thought, the
// end. Arguments: the base URL.
const OpenAI = require("openai");
const client = new OpenAI({ baseURL: process.argv[2], apiKey: "none", maxRetries: 0 });

const called = [];
const weather = (args) => { called.push(args); return { city: args.city, degrees: args.city.length }; };
const tools = [{
  type: "function",
  function: {
    name: "weather", function: weather, parse: JSON.parse, description: "Weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" }, days: { type: "integer" } }, required: ["city"] },
  },
}];
const messages = [{ role: "user", content: "Weather in Paris and Rome?" }];

async function conversation(stream) {
  called.length = 0;
  const runner = client.chat.completions.runTools({ model: "any", messages, tools, stream });
  let thought = "", chunks = 0;
  if (stream) runner.on("chunk", (c) => { chunks++; thought += c.choices[0]?.delta?.reasoning_content ?? ""; });
  const content = await runner.finalContent();
  const all = await runner.allChatCompletions();
  console.log(JSON.stringify({
    stream, content, called,
    reasons: all.map((c) => c.choices[0].finish_reason),
    ids: all[0].choices[0].message.tool_calls.map((c) => typeof c.id === "string" && c.id.length > 5 && c.type === "function"),
    thought: stream ? thought : all.map((c) => c.choices[0].message.reasoning_content ?? "").join(""),
    tools: runner.messages.filter((m) => m.role === "tool").map((m) => m.content),
  }));
}

async function refused() {
  try {
    await client.embeddings.create({ model: "any", input: "x" });
  } catch (e) {
    console.log(JSON.stringify({ status: e.status, code: e.code, message: e.message }));
  }
}

conversation(true).then(() => conversation(false)).then(refused).catch((e) => { console.error(e); process.exit(1); });
