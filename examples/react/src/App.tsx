import { Counter } from './Counter'
import { Greeting } from './Greeting'
import { OrderForm } from './OrderForm'
import { Tabs } from './Tabs'
import { TryThis } from './TryThis'
import { UpdateLog } from './UpdateLog'

export function App() {
  return (
    <div className="page">
      <Greeting />
      <main className="workbench">
        <Tabs
          label="The tea shop"
          tabs={[
            { id: 'count', title: 'Count', panel: <Counter /> },
            { id: 'order', title: 'Order', panel: <OrderForm /> },
            { id: 'try', title: 'What to edit', panel: <TryThis /> },
          ]}
        />
        <UpdateLog />
      </main>
    </div>
  )
}
