import { UserError } from '../errors.ts';
import type { Command } from './command.ts';
import { commonOptions } from './common-options.ts';

/** Flags, and the actions where the first word is one of a few. */
const wordsOf = (command: Command) => [...Object.keys(command.actions ?? {}), ...flagsOf(command)];

const flagsOf = (command: Command) =>
  Object.keys({ ...command.options, ...commonOptions }).map((name) => `--${name}`);

function bash(commands: readonly Command[]): string {
  const cases = commands.map((command) => `    ${command.name}) words="${wordsOf(command).join(' ')}" ;;`);
  return `# bash: source <(writeback completion bash)
_writeback() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _writeback writeback`;
}

/** The first word in zsh: one of the actions, or a file. */
const wordsAt = ({ actions }: Command) => (actions ? `'2:action:(${Object.keys(actions).join(' ')})' ` : '');

function zsh(commands: readonly Command[]): string {
  const names = commands.map(
    ({ name, summary }) => `    '${name}:${summary.replaceAll("'", '’').replaceAll(':', ' –')}'`,
  );
  const cases = commands.map(
    (command) =>
      `    ${command.name}) _arguments ${flagsOf(command)
        .map((flag) => `'${flag}'`)
        .join(' ')} ${wordsAt(command)}'*:file:_files' ;;`,
  );
  return `#compdef writeback
# zsh: source <(writeback completion zsh)
_writeback() {
  local -a commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  case $words[2] in
${cases.join('\n')}
  esac
}
compdef _writeback writeback`;
}

function fish(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => [
    `complete -c writeback -n __fish_use_subcommand -a ${command.name} -d '${command.summary.replaceAll("'", '’')}'`,
    ...Object.keys(command.actions ?? {}).map(
      (action) => `complete -c writeback -n '__fish_seen_subcommand_from ${command.name}' -a ${action}`,
    ),
    ...flagsOf(command).map(
      (flag) => `complete -c writeback -n '__fish_seen_subcommand_from ${command.name}' -l ${flag.slice(2)}`,
    ),
  ]);
  return ['# fish: writeback completion fish | source', ...lines].join('\n');
}

const shells: Record<string, (commands: readonly Command[]) => string> = { bash, zsh, fish };

/** The completion script of a shell, derived from the commands. Throws UserError `completion-shell-unknown`. */
export function completionScript(shell: string, commands: readonly Command[]): string {
  const script = shells[shell];
  if (script) return script(commands);
  throw new UserError('completion-shell-unknown', `There is no completion for "${shell}".`, {
    remedy: `Use one of: ${Object.keys(shells).join(', ')}.`,
  });
}
