/** As much of Markdown as our own pages use: fenced blocks, links, headings. */
export interface CodeBlock {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

export function codeBlocks(page: string, text: string): CodeBlock[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', body = '']) => ({
    page,
    language,
    text: body,
  }));
}

/** Targets of links to files of the repository, each with what stands behind `#`. */
export function relativeLinks(text: string): { readonly path: string; readonly anchor: string }[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#');
      return { path, anchor };
    });
}

/** What a link to a heading says, as the usual viewers make it: small letters, hyphens for spaces, nothing else. */
export function anchorsOf(text: string): Set<string> {
  const headings = [...withoutBlocks(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Commands of shell blocks, one each: comments gone, continued lines joined, cut at pipes. */
export function shellCommands(blocks: readonly CodeBlock[]): string[] {
  return blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.replaceAll('\\\n', ' ').split('\n'))
    .flatMap((line) => line.replace(/(^|\s)#.*$/, '').split(' | '))
    .map((command) => command.trim())
    .filter((command) => command !== '');
}

function withoutBlocks(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '');
}

function withoutCode(text: string): string {
  return withoutBlocks(text).replace(/`[^`\n]*`/g, '');
}
