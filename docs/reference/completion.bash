# Completion of mkma for bash: source <(mkma completion). In zsh, first: autoload -U bashcompinit; bashcompinit
# Generated from the command line itself: npm run reference
# shellcheck disable=SC2207 # zsh has no mapfile
_mkma() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} sub=${COMP_WORDS[2]}
  COMPREPLY=()
  case $prev in
  --preset) COMPREPLY=($(compgen -W 'console server desktop' -- "$cur")); return ;;
  --format) COMPREPLY=($(compgen -W 'cpio erofs' -- "$cur")); return ;;
  --initramfs-modules) COMPREPLY=($(compgen -W 'generic hardware' -- "$cur")); return ;;
  --accel) COMPREPLY=($(compgen -W 'auto kvm tcg' -- "$cur")); return ;;
  --bus) COMPREPLY=($(compgen -W 'virtio nvme ahci cd usb uas scsi pvscsi sd' -- "$cur")); return ;;
  --firmware) COMPREPLY=($(compgen -W 'bios uefi secure-boot' -- "$cur")); return ;;
  --nvram) COMPREPLY=($(compgen -W 'writable read-only' -- "$cur")); return ;;
  --graphics) COMPREPLY=($(compgen -W 'std virtio' -- "$cur")); return ;;
  --loader) COMPREPLY=($(compgen -W 'grub systemd-boot all' -- "$cur")); return ;;
  --identity) COMPREPLY=($(compgen -W 'keep new' -- "$cur")); return ;;
  --output | --config | --cache | --disk | --root | --grub-dir | --esp | --junit | -o | -c) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  esac
  local words=
  if [ "$COMP_CWORD" = 1 ]; then
    words='new summary build lock run test boot-entry install export shell inspect diff layers generations clean doctor completion --help --version'
  else
    case $verb in
    new) words='--help --preset --force --json --verbose' ;;
    summary) words='--help --config --preset --suite --kernel --format --without --zram --initramfs-modules --compression-level --all --json --verbose' ;;
    build) words='--help --output --config --preset --suite --kernel --mirror --proxy --format --without --zram --initramfs-modules --compression-level --cache --source-date-epoch --no-lock --snapshot --refresh --offline --cache-size --generation --discard-edits --qemu-test --accel --yes --debug-shell --explain --json --verbose' ;;
    lock) words='--help --update --output --config --preset --suite --kernel --mirror --snapshot --proxy --format --without --cache --yes --json --verbose' ;;
    run) words='--help --output --config --preset --medium --disk --data-disk --bus --firmware --nvram --forward --network --window --fresh-disk --dry-run --append --memory --cpus --uuid --accel --cache --yes --json --verbose' ;;
    test) words='--help --output --config --preset --test --junit --medium --bus --passphrase-file --firmware --nvram --graphics --artifacts --data-disk --timeout --append --memory --cpus --accel --cache --yes --json --verbose' ;;
    boot-entry) words='--help --output --config --preset --loader --write --dry-run --root --grub-dir --esp --storage-device --images-path --append --json --verbose' ;;
    install) words='--help --output --layers --identity --append --config --preset --mirror --proxy --cache --source-date-epoch --offline --refresh --yes --size --label --confirm --encrypt --passphrase-file --key-memory --fresh --refresh-loader --json --verbose' ;;
    export)
      if [ "$COMP_CWORD" = 2 ]; then words='iso'; else
        case $sub in
        iso) words='--help --output --layers --identity --append --config --preset --mirror --proxy --cache --source-date-epoch --offline --refresh --yes --json --verbose' ;;
        esac
      fi ;;
    shell) words='--help --output --config --preset --verbose' ;;
    inspect) words='--help --files --json --verbose' ;;
    diff) words='--help --all --json --verbose' ;;
    layers)
      if [ "$COMP_CWORD" = 2 ]; then words='list show diff blame verify disable enable drop rename'; else
        case $sub in
        list) words='--help --output --json --verbose' ;;
        show) words='--help --output --json --verbose' ;;
        diff) words='--help --output --json --verbose' ;;
        blame) words='--help --output --json --verbose' ;;
        verify) words='--help --output --json --verbose' ;;
        disable) words='--help --output --json --verbose' ;;
        enable) words='--help --output --json --verbose' ;;
        drop) words='--help --force --output --json --verbose' ;;
        rename) words='--help --output --json --verbose' ;;
        esac
      fi ;;
    generations)
      if [ "$COMP_CWORD" = 2 ]; then words='list show diff add pin unpin use drop'; else
        case $sub in
        list) words='--help --output --json --verbose' ;;
        show) words='--help --output --json --verbose' ;;
        diff) words='--help --files --output --json --verbose' ;;
        add) words='--help --no-layers --output --json --verbose' ;;
        pin) words='--help --output --json --verbose' ;;
        unpin) words='--help --output --json --verbose' ;;
        use) words='--help --output --json --verbose' ;;
        drop) words='--help --output --json --verbose' ;;
        esac
      fi ;;
    clean) words='--help --output --cache --cache-size --unused --trees --images --discard-edits --dry-run --yes --json --verbose' ;;
    doctor) words='--help --install --hardware --output --json --verbose' ;;
    completion) words='--help' ;;
    esac
  fi
  case $cur in
  -* | "") COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
  *) COMPREPLY=($(compgen -W "$words" -- "$cur") $(compgen -f -- "$cur")) ;;
  esac
}
complete -o filenames -F _mkma mkma ./mkma
