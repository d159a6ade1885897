import { type FormEvent, useState } from 'react'
import { putIntoBasket } from './basket'
import styles from './OrderForm.module.css'
import { formatPrice, orderPrice, type Tea, teas } from './price'

export function OrderForm() {
  const [name, setName] = useState('')
  const [tea, setTea] = useState<Tea>('sencha')
  const [pots, setPots] = useState(2)
  const [wishes, setWishes] = useState('')

  function order(event: FormEvent) {
    event.preventDefault()
    putIntoBasket({ name: teas[tea].name, count: pots, cents: orderPrice(tea, pots) })
  }

  return (
    <form className={styles.form} onSubmit={order}>
      <label className="field">
        <span>Your name</span>
        <input
          value={name}
          onChange={(event) => setName(event.target.value)}
          placeholder="Type something to lose"
          autoComplete="off"
        />
      </label>
      <div className={styles.row}>
        <label className="field">
          <span>Tea</span>
          <select value={tea} onChange={(event) => setTea(event.target.value as Tea)}>
            {Object.entries(teas).map(([key, { name, cents }]) => (
              <option key={key} value={key}>
                {name}, {formatPrice(cents)}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>Pots</span>
          <input
            type="number"
            min={1}
            max={20}
            value={pots}
            onChange={(event) => setPots(Math.min(20, Math.max(1, event.target.valueAsNumber || 1)))}
          />
        </label>
      </div>
      <label className="field">
        <span>Wishes</span>
        <textarea
          rows={3}
          value={wishes}
          onChange={(event) => setWishes(event.target.value)}
          placeholder="Half a spoon of honey …"
        />
      </label>
      <p className={styles.total}>
        <span>
          {pots} × {teas[tea].name}
          {name && ` for ${name}`}
        </span>
        <strong>{formatPrice(orderPrice(tea, pots))}</strong>
      </p>
      <button type="submit" className={`button primary ${styles.order}`}>
        Put into the basket
      </button>
    </form>
  )
}
