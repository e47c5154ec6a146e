export interface Command {
  readonly id: string;
  readonly group: 'Pages' | 'Models' | 'Endpoints' | 'Actions' | 'Time range' | 'Predictions';
  readonly label: string;
  readonly run: () => void;
}

/**
 * Commands whose label holds every word of the query, best first: labels that start with it, then those in which a word
 * starts with it, then the rest; the order of the list decides between equals.
 */
export function matchCommands(query: string, commands: readonly Command[], limit = 40): Command[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const ranked: { command: Command; rank: number }[] = [];
  for (const command of commands) {
    const text = `${command.label} ${command.group}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    const label = command.label.toLowerCase();
    const first = words[0] ?? '';
    const rank = label.startsWith(first) ? 0 : label.split(/[\s-]/).some((part) => part.startsWith(first)) ? 1 : 2;
    ranked.push({ command, rank });
  }
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, limit)
    .map(({ command }) => command);
}
