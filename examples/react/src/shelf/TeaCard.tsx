import { putIntoBasket } from '../basket'
import { formatPrice } from '../price'
import styles from './TeaCard.module.css'
import type { Tea } from './teas'

export function TeaCard({ tea: { name, taste, degrees, minutes, cents, colour } }: { tea: Tea }) {
  return (
    <li className={styles.tea}>
      <span className={styles.cup} style={{ color: colour }} />
      <h3>{name}</h3>
      <p className={styles.taste}>{taste}</p>
      <p className={styles.brew}>
        {degrees} °C, {minutes} min
      </p>
      <p className={styles.buy}>
        <strong>{formatPrice(cents)}</strong>
        <button
          type="button"
          className="button"
          aria-label={`Put ${name} into the basket`}
          onClick={() => putIntoBasket({ name, count: 1, cents })}
        >
          Take a tin
        </button>
      </p>
    </li>
  )
}
