const TOOLS = [
  {
    type: 'function',
    function: {
      name: 'temperature_in',
      description: 'The temperature in a city now, in degrees Celsius.',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
];

/**
 * Answers a question about the weather: as long as the model calls the tool, it is run and the model asked again.
 * @param {string} url where Hearth is
 * @param {string} question
 * @param {(city: string) => string} temperatureIn
 */
export async function answer(url, question, temperatureIn) {
  const messages = [{ role: 'user', content: question }];
  for (;;) {
    const { message } = await chat(url, messages);
    messages.push(message);
    if (!message.tool_calls) return message.content;
    for (const { id, function: call } of message.tool_calls) {
      const { city } = JSON.parse(call.arguments);
      messages.push({ role: 'tool', tool_call_id: id, content: temperatureIn(city) });
    }
  }
}

/** One question in OpenAI's form; an SDK would do the same. */
async function chat(url, messages) {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ model: 'llama3.2', messages, tools: TOOLS, temperature: 0.8 }),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error.message);
  return body.choices[0];
}
