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
    <Modal.Root
      opened={props.opened}
      onClose={props.onClose}
      size={props.width ?? 560}
      {...(props.atTop === true ? { yOffset: '12vh' } : { centered: true })}
      transitionProps={{ duration: 0 }}
    >
      <Modal.Overlay />
      <Modal.Content>
        {/* It is a header element, and a page has one banner: its own. */}
        <Modal.Header role="presentation">
          <Modal.Title>{props.title}</Modal.Title>
          <Modal.CloseButton aria-label="Close" />
        </Modal.Header>
        <Modal.Body>
          {props.children}
          {props.footer !== undefined && <div className={styles.footer}>{props.footer}</div>}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
