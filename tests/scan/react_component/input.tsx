import { useState } from 'react';
import type { Props } from './types';
import styles from './Button.module.css';

export default function Button({ label }: Props) {
  const [count, setCount] = useState<number>(0);
  return <button className={styles.button} onClick={() => setCount(count + 1)}>{label} don't {count}</button>;
}
