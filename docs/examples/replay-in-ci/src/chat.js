/**
 * Asks a question and calls `show` with the answer so far, each time more of it has come.
 * @param {string} url where Hearth is
 * @param {string} question
 * @param {(text: string) => void} show
 */
export async function ask(url, question, show) {
  const response = await fetch(`${url}/api/chat-optimized`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ model: 'llama3.2', messages: [{ role: 'user', content: question }], stream: true }),
  });
  if (!response.ok) throw new Error((await response.json()).error);
  let text = '';
  for await (const { content } of pieces(response.body)) {
    text += content ?? '';
    show(text);
  }
  return text;
}

/** The objects of a stream of `data:` lines. */
async function* pieces(body) {
  let rest = '';
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data: ')) yield JSON.parse(line.slice('data: '.length));
  }
}
