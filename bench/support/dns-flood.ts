/** A UDP load without dnsperf: so many questions in flight, the next sent when an answer comes or is given up. */
import { createSocket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';

/** Answers a second. */
export async function floodFrom(
  port: number,
  questions: readonly Buffer[],
  inFlight: number,
  seconds: number,
): Promise<number> {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 4 * 1024 * 1024,
    lookup: (host, _options, callback) => callback(null, host, 4),
  });
  let sent = 0;
  let answered = 0;
  const ask = (): void => {
    const question = Buffer.from(questions[sent % questions.length] as Buffer);
    question.writeUInt16BE(sent & 0xffff, 0);
    sent++;
    socket.send(question, 0, question.length, port, '127.0.0.1');
  };
  socket.on('message', () => {
    answered++;
    ask();
  });
  const began = performance.now();
  for (let i = 0; i < inFlight; i++) ask();
  // A lost datagram would lower the number in flight for good.
  const refill = setInterval(() => {
    if (sent - answered < inFlight / 2) ask();
  }, 10);
  await delay(seconds * 1000);
  clearInterval(refill);
  const elapsed = (performance.now() - began) / 1000;
  socket.close();
  return answered / elapsed;
}
