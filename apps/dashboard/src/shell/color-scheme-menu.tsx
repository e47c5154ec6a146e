import { Monitor, Moon, Sun } from 'lucide-react';
import { IconButton } from '../ui/button.tsx';
import { Menu } from '../ui/menu.tsx';
import { useColorScheme } from '../ui/theme-provider.tsx';

const CHOICES = [
  { scheme: 'light', label: 'Light', icon: Sun },
  { scheme: 'dark', label: 'Dark', icon: Moon },
  { scheme: 'auto', label: 'As the system', icon: Monitor },
] as const;

export function ColorSchemeMenu() {
  const { chosen, shown, choose } = useColorScheme();
  const Icon = shown === 'dark' ? Moon : Sun;
  return (
    <Menu
      target={<IconButton label="Theme" icon={<Icon size={16} aria-hidden="true" />} />}
      items={CHOICES.map(({ scheme, label, icon: ItemIcon }) => ({
        key: scheme,
        label,
        icon: <ItemIcon size={14} aria-hidden="true" />,
        checked: scheme === chosen,
        onSelect: () => choose(scheme),
      }))}
    />
  );
}
