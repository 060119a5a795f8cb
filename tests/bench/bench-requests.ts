// What the benchmark asks: a realistic chat request, and its bytes as they go over a socket. Pure.

const SENTENCES = [
  'The kettle on the hearth holds about two litres and takes six minutes to boil.',
  'Bread rises because yeast turns sugar into gas, and gluten keeps the gas inside.',
  'A chimney draws when the air inside it is warmer, and so lighter, than the air outside.',
  'In winter the birds come to the window in the morning, first the sparrows, then the robin.',
  'Ember, ash and smoke are three answers to the same question.',
];

/** English text of exactly so many characters, all ASCII. */
export function prose(chars: number): string {
  const sentences: string[] = [];
  for (let length = 0, i = 0; length < chars; i++) {
    const sentence = `${SENTENCES[i % SENTENCES.length] ?? ''} `;
    sentences.push(sentence);
    length += sentence.length;
  }
  return sentences.join('').slice(0, chars);
}

/** A conversation as a chat frontend sends it: a system message and six others, about 2 KB. `mark` makes it another one. */
export function conversation(mark: string): readonly object[] {
  return [
    { role: 'system', content: `You are a helpful assistant. Answer in short sentences. ${prose(300)}` },
    { role: 'user', content: `Why does bread rise? (${mark})` },
    { role: 'assistant', content: prose(600) },
    { role: 'user', content: 'And what has the oven to do with it?' },
    { role: 'assistant', content: prose(500) },
    {
      role: 'user',
      content: 'Good. Please explain how a fireplace draws, and why ours smokes when the wind is in the east.',
    },
    { role: 'user', content: `It is a small one, with a chimney of six metres. ${prose(120)}` },
  ];
}

/** A POST with a JSON body on a connection that stays open. The gateway looks at the port in Host. */
export function post(port: number, path: string, body: object, headers: readonly string[] = []): Buffer {
  const text = JSON.stringify(body);
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: localhost:${port}`,
    'User-Agent: hearth-bench',
    'Accept: */*',
    'Content-Type: application/json',
    ...headers,
    `Content-Length: ${Buffer.byteLength(text)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${text}`);
}

export function get(port: number, path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nUser-Agent: hearth-bench\r\n\r\n`);
}
