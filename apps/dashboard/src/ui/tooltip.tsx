import { Tooltip as MantineTooltip } from '@mantine/core';
import type { ReactElement } from 'react';

export function Tooltip(props: { label: string; children: ReactElement }) {
  return (
    <MantineTooltip
      label={props.label}
      openDelay={350}
      events={{ hover: true, focus: true, touch: false }}
      withinPortal
    >
      {props.children}
    </MantineTooltip>
  );
}
