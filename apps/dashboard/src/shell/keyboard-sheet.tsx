import { Dialog } from '../ui/dialog.tsx';
import { COMMAND_KEY, Keys } from '../ui/kbd.tsx';
import styles from './keyboard-sheet.module.css';

const GROUPS: readonly { title: string; rows: readonly (readonly [keys: readonly string[], what: string])[] }[] = [
  {
    title: 'Everywhere',
    rows: [
      [[COMMAND_KEY, 'K'], 'Search pages, models, endpoints and actions'],
      [['?'], 'This sheet'],
      [['/'], 'Filter the list of the page'],
      [['t'], 'Time range'],
      [['Esc'], 'Close what is open'],
    ],
  },
  {
    title: 'Go to',
    rows: [
      [['g', 'o'], 'Overview'],
      [['g', 'm'], 'Models'],
      [['g', 'e'], 'Endpoints'],
      [['g', 'p'], 'Predictions'],
    ],
  },
  {
    title: 'Predictions',
    rows: [
      [['j'], 'Next prediction'],
      [['k'], 'Prediction before'],
    ],
  },
  {
    title: 'Charts, when focused',
    rows: [
      [['←', '→'], 'Move the cursor by a step'],
      [['Home', 'End'], 'First and last step'],
      [['Enter'], 'Open the predictions of the step'],
    ],
  },
];

export function KeyboardSheet(props: { opened: boolean; onClose: () => void }) {
  return (
    <Dialog opened={props.opened} onClose={props.onClose} title="Keyboard" width={640}>
      <div className={styles.groups}>
        {GROUPS.map((group) => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <dl>
              {group.rows.map(([keys, what]) => (
                <div key={what}>
                  <dt>
                    <Keys keys={keys} />
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
