import { Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import styles from './dialog.module.css';

export function Dialog(props: {
  opened: boolean;
  onClose: () => void;
  title: string;
  width?: number;
  /** Stands at the top of the page, where its height may change without moving its head. */
  atTop?: boolean;
  children: ReactNode;
  footer?: ReactNode;
}) {
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      title={props.title}
      size={props.width ?? 560}
      {...(props.atTop === true ? { yOffset: '12vh' } : { centered: true })}
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {props.children}
      {props.footer !== undefined && <div className={styles.footer}>{props.footer}</div>}
    </Modal>
  );
}
