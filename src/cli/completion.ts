import { UserError } from '../errors.ts';
import type { Command } from './command.ts';
import { commonOptions } from './common-options.ts';

const flagsOf = (command: Command) =>
  Object.keys({ ...command.options, ...commonOptions }).map((name) => `--${name}`);

function bash(commands: readonly Command[]): string {
  const cases = commands.map((command) => `    ${command.name}) words="${flagsOf(command).join(' ')}" ;;`);
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
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _writeback writeback`;
}

function zsh(commands: readonly Command[]): string {
  const names = commands.map(
    ({ name, summary }) => `    '${name}:${summary.replaceAll("'", '’').replaceAll(':', ' –')}'`,
  );
  const cases = commands.map(
    (command) =>
      `    ${command.name}) _arguments ${flagsOf(command)
        .map((flag) => `'${flag}'`)
        .join(' ')} '*:file:_files' ;;`,
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
