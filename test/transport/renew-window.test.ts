/** With ssh2's own function for it: another version of ssh2 must bring one that does the same. */
import { EventEmitter } from 'node:events';
import type { ClientChannel } from 'ssh2';
import { expect, it } from 'vitest';
import { renewWindow } from '../../src/transport/renew-window.ts';

const WINDOW = 2 << 20;
const PACKET = 32 << 10;

/** What ssh2 knows of a channel, as far as its window is concerned. */
function channelOf(state: 'open' | 'closed') {
  const renewed: { readonly id: number; readonly bytes: number }[] = [];
  const channel = Object.assign(new EventEmitter(), {
    incoming: { window: WINDOW },
    outgoing: { id: 7, state },
    _client: {
      _protocol: { channelWindowAdjust: (id: number, bytes: number) => renewed.push({ id, bytes }) },
    },
  });
  renewWindow(channel as unknown as ClientChannel);
  const receive = (bytes: number) => {
    channel.incoming.window -= bytes;
    channel.emit('data', new Uint8Array(bytes));
  };
  return { channel, renewed, receive };
}

it('lets the server send as much again after each quarter of the window, also when it is shifted by stderr', () => {
  const { channel, renewed, receive } = channelOf('open');
  channel.incoming.window -= 2;
  for (let packet = 0; packet < 15; packet++) receive(PACKET);
  expect(renewed).toEqual([]);
  receive(PACKET);
  expect(renewed).toEqual([{ id: 7, bytes: 16 * PACKET + 2 }]);
  expect(channel.incoming.window).toBe(WINDOW);
  for (let packet = 0; packet < 16; packet++) receive(PACKET);
  expect(renewed.at(1)).toEqual({ id: 7, bytes: 16 * PACKET });
});

it('does nothing for a channel that is closed', () => {
  const { renewed, receive } = channelOf('closed');
  for (let packet = 0; packet < 32; packet++) receive(PACKET);
  expect(renewed).toEqual([]);
});
