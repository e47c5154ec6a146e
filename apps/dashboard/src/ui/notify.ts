import { notifications } from '@mantine/notifications';
import type { ReactNode } from 'react';

/** Says that something happened. One with something to press stays longer. */
export function notify(message: { title: string; detail?: ReactNode; lasting?: boolean; id?: string }): string {
  return notifications.show({
    ...(message.id === undefined ? {} : { id: message.id }),
    title: message.title,
    message: message.detail ?? '',
    autoClose: message.lasting === true ? 20_000 : 6_000,
    withBorder: false,
    closeButtonProps: { 'aria-label': 'Dismiss' },
  });
}

export function dismiss(id: string): void {
  notifications.hide(id);
}
