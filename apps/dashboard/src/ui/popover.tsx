import { Popover as MantinePopover } from '@mantine/core';
import type { ReactElement, ReactNode } from 'react';

/** Something that opens beside its target and takes the focus until it is closed. */
export function Popover(props: {
  target: ReactElement;
  opened: boolean;
  onChange: (opened: boolean) => void;
  label: string;
  width?: number;
  children: ReactNode;
}) {
  return (
    <MantinePopover
      opened={props.opened}
      onChange={props.onChange}
      position="bottom-end"
      trapFocus
      returnFocus
      withinPortal
      shadow="none"
      transitionProps={{ duration: 0 }}
      {...(props.width === undefined ? {} : { width: props.width })}
    >
      <MantinePopover.Target>{props.target}</MantinePopover.Target>
      <MantinePopover.Dropdown aria-label={props.label} p={0}>
        {props.children}
      </MantinePopover.Dropdown>
    </MantinePopover>
  );
}
