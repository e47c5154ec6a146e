import { Menu as MantineMenu } from '@mantine/core';
import type { ReactElement, ReactNode } from 'react';

export interface MenuItem {
  readonly key: string;
  readonly label: ReactNode;
  readonly icon?: ReactNode;
  readonly checked?: boolean;
  readonly onSelect: () => void;
}

/** A button that opens a list of actions. `label` heads the list. */
export function Menu(props: { target: ReactElement; items: readonly MenuItem[]; label?: string; keepOpen?: boolean }) {
  return (
    <MantineMenu
      position="bottom-end"
      withinPortal
      closeOnItemClick={props.keepOpen !== true}
      shadow="none"
      transitionProps={{ duration: 0 }}
    >
      <MantineMenu.Target>{props.target}</MantineMenu.Target>
      <MantineMenu.Dropdown>
        {props.label !== undefined && <MantineMenu.Label>{props.label}</MantineMenu.Label>}
        {props.items.map((item) =>
          item.checked === undefined ? (
            <MantineMenu.Item key={item.key} leftSection={item.icon} onClick={item.onSelect}>
              {item.label}
            </MantineMenu.Item>
          ) : (
            <MantineMenu.CheckboxItem
              key={item.key}
              checked={item.checked}
              closeMenuOnClick={props.keepOpen !== true}
              checkIcon={<span aria-hidden="true">✓</span>}
              rightSection={item.icon}
              onChange={item.onSelect}
            >
              {item.label}
            </MantineMenu.CheckboxItem>
          ),
        )}
      </MantineMenu.Dropdown>
    </MantineMenu>
  );
}
