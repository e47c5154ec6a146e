import { expect, test } from 'vitest';
import { type Command, matchCommands } from './match-commands.ts';

const command = (label: string, group: Command['group'] = 'Models'): Command => ({
  id: label,
  group,
  label,
  run: () => {},
});
const commands = [
  command('Overview', 'Pages'),
  command('random-forest'),
  command('forest-fire'),
  command('Create a model', 'Actions'),
];
const labels = (query: string) => matchCommands(query, commands).map((one) => one.label);

test('everything without a query, in the order given', () => {
  expect(labels('')).toEqual(['Overview', 'random-forest', 'forest-fire', 'Create a model']);
});

test('every word has to be there, and what starts with the query comes first', () => {
  expect(labels('forest')).toEqual(['forest-fire', 'random-forest']);
  expect(labels('model create')).toEqual(['Create a model']);
  expect(labels('nothing like it')).toEqual([]);
});
